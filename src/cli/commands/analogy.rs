//! `embed analogy`: adding and subtracting meanings.

use std::fmt;
use std::io::{self, BufWriter};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use embed::engine::{AnalogyMeasure, AnalogyOrigin, AnalogyRequest, Answers, Hit};
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::texts::TextOptions;
use crate::cli::args::values::at_least_one;
use crate::cli::listing::{Listing, hit_columns};
use crate::cli::opening::open_texts;
use crate::cli::report::ExitStatus;
use crate::cli::resolve;
use crate::cli::usage::UsageError;

/// Add and subtract meanings: king - man + woman
#[derive(Debug, Args)]
#[command(override_usage = "embed analogy [OPTIONS] TEXT [[+|-] TEXT]...")]
#[command(after_help = "\
Answers are texts of the index, or lines of a word list. A term of the analogy is never an answer, nor is a text that \
differs from a better answer only in capitalization.

The score is the product of (1 + cosine) / 2 over the terms that are added, divided by the product over the terms that \
are subtracted (3CosMul); with --measure sum it is the cosine with the sum of all terms. Cosines are measured from the \
mean of all texts, so that what all of them share does not count.

Examples:
  embed analogy king - man + woman --words /usr/share/dict/words
  embed analogy \"Paris - France + Italy\" --words words.txt -k 1
  embed analogy New York - United States + France")]
pub(crate) struct AnalogyArguments {
    /// Texts, with '+' or '-' between them
    #[arg(value_name = "TEXT", required = true)]
    words: Vec<String>,
    /// Search the texts of FILE instead of the index; repeatable ('-' is standard input)
    #[arg(long = "words", value_name = "FILE")]
    lists: Vec<PathBuf>,
    /// The most results
    #[arg(short = 'k', long, value_name = "K", default_value = "3", value_parser = at_least_one)]
    top_k: NonZeroUsize,
    /// How the cosines with the terms are combined into a score
    #[arg(long, value_name = "MEASURE", default_value = "product")]
    measure: Measure,
    /// The point from which cosines are measured
    #[arg(long, value_name = "POINT", default_value = "mean")]
    origin: Origin,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    options: TextOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    Product,
    Sum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Origin {
    Mean,
    Zero,
}

/// An answer and its rank; fields are only ever added.
#[derive(Serialize)]
struct AnswerRecord<'a> {
    rank: usize,
    #[serde(flatten)]
    hit: &'a Hit,
}

pub(crate) fn run(arguments: &AnalogyArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let expression = Expression::parse(&arguments.words)?;
    let engine = open_texts(&arguments.lists, &arguments.options, global)?;
    let label = expression.to_string();
    let Answers { model, hits, .. } = engine.analogy(&arguments.request(expression))?;
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let mut listing = Listing::begin(&mut output, form, |head| {
        head.field("model", &model)?.field("analogy", &label).map(drop)
    })?;
    for (rank, hit) in (1..).zip(hits.iter().flatten()) {
        listing.add(&AnswerRecord { rank, hit }, &hit_columns(hit))?;
    }
    Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

impl AnalogyArguments {
    fn request(&self, Expression { plus, minus }: Expression) -> AnalogyRequest {
        AnalogyRequest {
            plus,
            minus,
            measure: match self.measure {
                Measure::Product => AnalogyMeasure::Product,
                Measure::Sum => AnalogyMeasure::Sum,
            },
            origin: match self.origin {
                Origin::Mean => AnalogyOrigin::Mean,
                Origin::Zero => AnalogyOrigin::Zero,
            },
            top_k: self.top_k.get(),
        }
    }
}

/// The terms of an analogy.
#[derive(Debug, PartialEq, Eq)]
struct Expression {
    plus: Vec<String>,
    minus: Vec<String>,
}

impl Expression {
    /// Parses texts with signs between them; words without a sign between them are one text. A single argument is
    /// split at white space.
    fn parse(arguments: &[String]) -> Result<Self, UsageError> {
        let words: Vec<&str> = arguments.iter().flat_map(|argument| argument.split_whitespace()).collect();
        let mut expression = Self { plus: Vec::new(), minus: Vec::new() };
        let mut sign = None;
        let mut text: Vec<&str> = Vec::new();
        for word in words {
            match word {
                "+" | "-" => {
                    let next = if word == "+" { '+' } else { '-' };
                    if !text.is_empty() {
                        expression.add(sign.take(), &std::mem::take(&mut text));
                    } else if sign.is_some() || !expression.plus.is_empty() {
                        return Err(UsageError::LoneSign { sign: next, side: "before" });
                    }
                    sign = Some(next);
                }
                _ => text.push(word),
            }
        }
        match (text.is_empty(), sign) {
            (true, Some(sign)) => Err(UsageError::LoneSign { sign, side: "after" }),
            (true, None) => Err(UsageError::EmptyText),
            (false, sign) => {
                expression.add(sign, &text);
                Ok(expression)
            }
        }
    }

    fn add(&mut self, sign: Option<char>, words: &[&str]) {
        let side = if sign == Some('-') { &mut self.minus } else { &mut self.plus };
        side.push(words.join(" "));
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.plus.join(" + "))?;
        for text in &self.minus {
            write!(formatter, " - {text}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let parsed = Expression::parse(&arguments).map_err(|error| error.to_string())?;
        Ok((parsed.plus, parsed.minus))
    }

    fn texts(plus: &[&str], minus: &[&str]) -> (Vec<String>, Vec<String>) {
        let strings = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        (strings(plus), strings(minus))
    }

    #[test]
    fn signs_separate_texts_in_one_argument_or_in_many() {
        let expected = Ok(texts(&["king", "woman"], &["man"]));
        assert_eq!(parse(&["king", "-", "man", "+", "woman"]), expected);
        assert_eq!(parse(&["king - man + woman"]), expected);
        assert_eq!(parse(&["-", "man", "+", "king", "+", "woman"]), expected);
        assert_eq!(parse(&["New", "York", "-", "well-known"]), Ok(texts(&["New York"], &["well-known"])));
    }

    #[test]
    fn a_sign_without_a_text_on_either_side_is_an_error() {
        for (arguments, message) in [
            (&["king", "-"][..], "there is no text after the '-'"),
            (&["king", "-", "+", "man"], "there is no text before the '+'"),
            (&["-"], "there is no text after the '-'"),
            (&["+", "+", "king"], "there is no text before the '+'"),
            (&["  "], "a text is empty"),
        ] {
            assert_eq!(parse(arguments), Err(message.to_owned()), "{arguments:?}");
        }
    }
}
