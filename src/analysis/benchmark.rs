//! Data to measure quality on: retrieval in the layout of BEIR, similarity as pairs with scores.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A file of a benchmark that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    /// It cannot be read.
    #[error("{} cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is not as it should be.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        problem: LineProblem,
    },
    /// An id stands for two texts.
    #[error("{}, line {line}: the id {id:?} is there twice", path.display())]
    RepeatedId {
        /// The file.
        path: PathBuf,
        /// The line of the second, counted from 1.
        line: usize,
        /// The id.
        id: String,
    },
    /// There is nothing to measure.
    #[error("{} has no {what}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
}

/// What is wrong with a line of a benchmark.
#[derive(Debug, thiserror::Error)]
pub enum LineProblem {
    /// It is not an object with the fields of a text.
    #[error("not a JSON object with a text \"_id\" and a \"text\"")]
    Record(#[source] serde_json::Error),
    /// It is not a judgement.
    #[error("not a query id, a document id and a whole number, with tabs between")]
    Judgement,
    /// It is not a judged pair.
    #[error("not a number and two texts, with tabs between")]
    Pair,
}

/// Texts, queries, and which texts are relevant to which query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrievalBenchmark {
    /// Ids of the documents.
    pub ids: Vec<String>,
    /// Their texts, in the same order: title and text with a space between.
    pub texts: Vec<String>,
    /// The queries that are judged, in the order of their file.
    pub queries: Vec<Judged>,
    /// Judged queries that are in no file of queries, and so are left out.
    pub unknown_queries: usize,
    /// Relevant documents that the corpus does not have; they count as not found.
    pub unknown_documents: usize,
}

/// A query and what is relevant to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The query.
    pub text: String,
    /// Relevance of documents by their ids; below 0 is 0.
    pub relevance: HashMap<String, u32>,
}

/// A text of a BEIR file.
#[derive(Deserialize)]
struct Record {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: Option<String>,
    text: String,
}

impl RetrievalBenchmark {
    /// Reads `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv` of a folder in the layout of BEIR.
    ///
    /// # Errors
    ///
    /// A [`BenchmarkError`] for the first line that cannot be used, and where there is no document or no judged query.
    pub fn read(folder: &Path) -> Result<Self, BenchmarkError> {
        let corpus_path = folder.join("corpus.jsonl");
        let (ids, texts): (Vec<_>, Vec<_>) = read_records(&corpus_path)?.into_iter().map(titled).unzip();
        let judgements_path = folder.join("qrels").join("test.tsv");
        let mut judgements = read_judgements(&judgements_path)?;
        let query_records = read_records(&folder.join("queries.jsonl"))?;
        let queries: Vec<Judged> = query_records
            .into_iter()
            .filter_map(|query| {
                let relevance = judgements.remove(&query.id)?;
                Some(Judged { text: query.text, relevance })
            })
            .collect();
        if ids.is_empty() {
            return Err(BenchmarkError::Empty { path: corpus_path, what: "documents" });
        }
        if queries.is_empty() {
            return Err(BenchmarkError::Empty { path: judgements_path, what: "judgements of known queries" });
        }
        let known: HashSet<&String> = ids.iter().collect();
        let relevant =
            queries.iter().flat_map(|query| &query.relevance).filter(|(_, relevance)| **relevance > 0);
        let unknown: HashSet<&String> = relevant.map(|(id, _)| id).filter(|id| !known.contains(id)).collect();
        let unknown_documents = unknown.len();
        Ok(Self { ids, texts, queries, unknown_queries: judgements.len(), unknown_documents })
    }
}

/// Id and text, the title before it.
fn titled(record: Record) -> (String, String) {
    let text = match record.title {
        Some(title) => format!("{title} {}", record.text).trim().to_owned(),
        None => record.text,
    };
    (record.id, text)
}

fn read(path: &Path) -> Result<String, BenchmarkError> {
    fs::read_to_string(path).map_err(|source| BenchmarkError::Io { path: path.to_owned(), source })
}

/// The lines that are not blank, numbered from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty())
}

fn read_records(path: &Path) -> Result<Vec<Record>, BenchmarkError> {
    let mut ids = HashSet::new();
    let mut records = Vec::new();
    for (line, text) in lines(&read(path)?) {
        let record: Record = serde_json::from_str(text).map_err(|error| BenchmarkError::Line {
            path: path.to_owned(),
            line,
            problem: LineProblem::Record(error),
        })?;
        if !ids.insert(record.id.clone()) {
            return Err(BenchmarkError::RepeatedId { path: path.to_owned(), line, id: record.id });
        }
        records.push(record);
    }
    Ok(records)
}

/// By query, the relevance of documents. The first line names the columns.
fn read_judgements(path: &Path) -> Result<HashMap<String, HashMap<String, u32>>, BenchmarkError> {
    let mut judgements: HashMap<String, HashMap<String, u32>> = HashMap::new();
    for (line, text) in lines(&read(path)?).skip(1) {
        let (query, document, relevance) = judgement(text).ok_or_else(|| BenchmarkError::Line {
            path: path.to_owned(),
            line,
            problem: LineProblem::Judgement,
        })?;
        judgements.entry(query.to_owned()).or_default().insert(document.to_owned(), relevance);
    }
    Ok(judgements)
}

fn judgement(line: &str) -> Option<(&str, &str, u32)> {
    let mut fields = line.split('\t');
    let (query, document, relevance) = (fields.next()?, fields.next()?, fields.next()?);
    let relevance: i64 = relevance.trim().parse().ok()?;
    let relevance = u32::try_from(relevance.max(0)).ok()?;
    fields.next().is_none().then_some((query, document, relevance))
}

/// Pairs of texts and how similar people judge them, on any scale.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarityBenchmark {
    /// The judged similarity of each pair.
    pub judged: Vec<f64>,
    /// The texts, those of a pair one after the other.
    pub texts: Vec<String>,
}

impl SimilarityBenchmark {
    /// Reads a file of tab-separated columns: a number and two texts, or as in the STS benchmark four columns before
    /// those and perhaps some behind. A first line without a number there names the columns.
    ///
    /// # Errors
    ///
    /// A [`BenchmarkError`] for the first line that cannot be used, and where there are fewer than two pairs.
    pub fn read(path: &Path) -> Result<Self, BenchmarkError> {
        let mut benchmark = Self { judged: Vec::new(), texts: Vec::new() };
        for (line, text) in lines(&read(path)?) {
            match pair(text) {
                Some((judged, texts)) => {
                    benchmark.judged.push(judged);
                    benchmark.texts.extend(texts.map(str::to_owned));
                }
                None if line == 1 => {}
                None => {
                    let problem = LineProblem::Pair;
                    return Err(BenchmarkError::Line { path: path.to_owned(), line, problem });
                }
            }
        }
        if benchmark.judged.len() < 2 {
            return Err(BenchmarkError::Empty { path: path.to_owned(), what: "two pairs of texts" });
        }
        Ok(benchmark)
    }
}

fn pair(line: &str) -> Option<(f64, [&str; 2])> {
    let fields: Vec<&str> = line.split('\t').collect();
    let (judged, texts) = match *fields.as_slice() {
        [judged, first, second] | [_, _, _, _, judged, first, second, ..] => (judged, [first, second]),
        _ => return None,
    };
    let judged: f64 = judged.trim().parse().ok()?;
    judged.is_finite().then_some((judged, texts))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the given corpus, queries and judgements.
    fn beir(corpus: &str, queries: &str, judgements: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let write =
            |name: &str, content: &str| fs::write(folder.path().join(name), content).expect("it is writable");
        fs::create_dir(folder.path().join("qrels")).expect("it is writable");
        write("corpus.jsonl", corpus);
        write("queries.jsonl", queries);
        write("qrels/test.tsv", judgements);
        folder
    }

    const CORPUS: &str = r#"{"_id": "d1", "title": "A title", "text": "and a text", "metadata": {}}
{"_id": "d2", "title": "", "text": "no title"}
"#;
    const QUERIES: &str = "{\"_id\": \"q1\", \"text\": \"one\"}\n\n{\"_id\": \"q2\", \"text\": \"two\"}\n";
    const HEADER: &str = "query-id\tcorpus-id\tscore\n";

    #[test]
    fn a_folder_is_read_with_what_is_unknown_counted() {
        let folder = beir(CORPUS, QUERIES, &format!("{HEADER}q2\td1\t1\nq2\td9\t2\nq2\td2\t-1\nq7\td1\t1\n"));
        let read = RetrievalBenchmark::read(folder.path()).expect("the folder is sound");
        assert_eq!(read.ids, ["d1", "d2"]);
        assert_eq!(read.texts, ["A title and a text", "no title"]);
        let relevance = [("d1", 1), ("d9", 2), ("d2", 0)].map(|(id, value)| (id.to_owned(), value));
        assert_eq!(read.queries, [Judged { text: "two".to_owned(), relevance: relevance.into() }]);
        assert_eq!((read.unknown_queries, read.unknown_documents), (1, 1));
    }

    #[test]
    fn a_bad_folder_is_an_error_that_names_file_and_line() {
        let judged = format!("{HEADER}q1\td1\t1\n");
        for (corpus, queries, judgements, expected) in [
            ("{}\n", QUERIES, judged.as_str(), "corpus.jsonl, line 1: not a JSON object"),
            (CORPUS, QUERIES, "h\nq1 d1 1\n", "test.tsv, line 2: not a query id"),
            (CORPUS, QUERIES, "h\nq9\td1\t1\n", "test.tsv has no judgements of known queries"),
            (CORPUS, QUERIES, "", "test.tsv has no judgements of known queries"),
            ("", QUERIES, judged.as_str(), "corpus.jsonl has no documents"),
            (
                &CORPUS.repeat(2),
                QUERIES,
                judged.as_str(),
                "corpus.jsonl, line 3: the id \"d1\" is there twice",
            ),
        ] {
            let folder = beir(corpus, queries, judgements);
            let error = RetrievalBenchmark::read(folder.path()).expect_err("the folder is bad").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn pairs_are_in_columns_of_their_own_or_in_those_of_the_sts_benchmark() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("sts.tsv");
        let read = |content: &str| {
            fs::write(&path, content).expect("it is writable");
            SimilarityBenchmark::read(&path)
        };
        let plain = read("score\tleft\tright\n5\ta\tb\n2.5\tc\td\n").expect("it is sound");
        assert_eq!(
            (plain.judged.as_slice(), plain.texts.join(" ").as_str()),
            ([5.0, 2.5].as_slice(), "a b c d")
        );
        let wide =
            read("news\tx\t2012\t1\t5\ta\tb\nnews\tx\t2012\t2\t2.5\tc\td\tmore\n").expect("it is sound");
        assert_eq!(wide, plain);
        let error = |content: &str| read(content).expect_err("it is bad").to_string();
        assert!(error("5\ta\tb\nc\td\n").ends_with("line 2: not a number and two texts, with tabs between"));
        assert!(error("5\ta\tb\n").ends_with("sts.tsv has no two pairs of texts"));
        assert!(error("5\ta\tb\nNaN\ta\tb\n").contains("line 2"));
    }
}
