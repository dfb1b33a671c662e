//! Benchmark data: retrieval in the layout of BEIR, similarity as scored pairs.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A benchmark file is unusable.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A line is malformed.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The problem.
        problem: LineProblem,
    },
    /// Two texts have the same id.
    #[error("{}, line {line}: the id {id:?} is repeated", path.display())]
    RepeatedId {
        /// The file.
        path: PathBuf,
        /// The line of the second text, counted from 1.
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

/// The problem with a line of a benchmark.
#[derive(Debug, thiserror::Error)]
pub enum LineProblem {
    /// The line is not an object with the fields of a text.
    #[error("not a JSON object with a text \"_id\" and a \"text\"")]
    Record(#[source] serde_json::Error),
    /// The line is not a judgement.
    #[error("not a query id, a document id and an integer, separated by tabs")]
    Judgement,
    /// The line is not a judged pair.
    #[error("not a number and two texts, separated by tabs")]
    Pair,
}

/// Documents, queries, and judged relevance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrievalBenchmark {
    /// Ids of the documents.
    pub ids: Vec<String>,
    /// Their texts, in the same order: title and text joined by a space.
    pub texts: Vec<String>,
    /// The judged queries, in the order of their file.
    pub queries: Vec<JudgedQuery>,
    /// Judged queries that the file of queries lacks; they are ignored.
    pub unknown_queries: usize,
    /// Relevant documents that the corpus lacks; they count as not found.
    pub unknown_documents: usize,
}

/// A query and the documents relevant to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedQuery {
    /// The query.
    pub text: String,
    /// The relevance of documents by id; negative judgements are 0.
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
    /// A [`BenchmarkError`] for the first malformed line, or if there is no document or no judged query.
    pub fn read(folder: &Path) -> Result<Self, BenchmarkError> {
        let corpus_path = folder.join("corpus.jsonl");
        let (ids, texts): (Vec<_>, Vec<_>) = read_records(&corpus_path)?.into_iter().map(titled).unzip();
        let judgements_path = folder.join("qrels").join("test.tsv");
        let mut judgements = read_judgements(&judgements_path)?;
        let query_records = read_records(&folder.join("queries.jsonl"))?;
        let queries: Vec<JudgedQuery> = query_records
            .into_iter()
            .filter_map(|query| {
                let relevance = judgements.remove(&query.id)?;
                Some(JudgedQuery { text: query.text, relevance })
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

/// Id and text, with the title before the text.
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

/// The non-blank lines, numbered from 1.
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

/// The relevance of documents by query. The first line is a header.
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

/// Pairs of texts and their human similarity judgements, on any scale.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarityBenchmark {
    /// The judged similarity of each pair.
    pub judged: Vec<f64>,
    /// The texts; those of a pair are adjacent.
    pub texts: Vec<String>,
}

impl SimilarityBenchmark {
    /// Reads a file of tab-separated columns: a number and two texts. In the layout of the STS benchmark, four columns
    /// precede these and others may follow. A first line without a number is a header.
    ///
    /// # Errors
    ///
    /// A [`BenchmarkError`] for the first malformed line, or if there are fewer than two pairs.
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

    /// A folder with this corpus, queries and judgements.
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
    fn unknown_queries_and_documents_are_counted() {
        let folder = beir(CORPUS, QUERIES, &format!("{HEADER}q2\td1\t1\nq2\td9\t2\nq2\td2\t-1\nq7\td1\t1\n"));
        let read = RetrievalBenchmark::read(folder.path()).expect("the folder is valid");
        assert_eq!(read.ids, ["d1", "d2"]);
        assert_eq!(read.texts, ["A title and a text", "no title"]);
        let relevance = [("d1", 1), ("d9", 2), ("d2", 0)].map(|(id, value)| (id.to_owned(), value));
        assert_eq!(read.queries, [JudgedQuery { text: "two".to_owned(), relevance: relevance.into() }]);
        assert_eq!((read.unknown_queries, read.unknown_documents), (1, 1));
    }

    #[test]
    fn a_malformed_folder_is_an_error_that_names_file_and_line() {
        let judged = format!("{HEADER}q1\td1\t1\n");
        for (corpus, queries, judgements, expected) in [
            ("{}\n", QUERIES, judged.as_str(), "corpus.jsonl, line 1: not a JSON object"),
            (CORPUS, QUERIES, "h\nq1 d1 1\n", "test.tsv, line 2: not a query id"),
            (CORPUS, QUERIES, "h\nq9\td1\t1\n", "test.tsv has no judgements of known queries"),
            (CORPUS, QUERIES, "", "test.tsv has no judgements of known queries"),
            ("", QUERIES, judged.as_str(), "corpus.jsonl has no documents"),
            (&CORPUS.repeat(2), QUERIES, judged.as_str(), "corpus.jsonl, line 3: the id \"d1\" is repeated"),
        ] {
            let folder = beir(corpus, queries, judgements);
            let error =
                RetrievalBenchmark::read(folder.path()).expect_err("the folder is malformed").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn pairs_are_read_from_three_columns_or_the_sts_layout() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("sts.tsv");
        let read = |content: &str| {
            fs::write(&path, content).expect("it is writable");
            SimilarityBenchmark::read(&path)
        };
        let plain = read("score\tleft\tright\n5\ta\tb\n2.5\tc\td\n").expect("it is valid");
        assert_eq!(
            (plain.judged.as_slice(), plain.texts.join(" ").as_str()),
            ([5.0, 2.5].as_slice(), "a b c d")
        );
        let wide =
            read("news\tx\t2012\t1\t5\ta\tb\nnews\tx\t2012\t2\t2.5\tc\td\tmore\n").expect("it is valid");
        assert_eq!(wide, plain);
        let error = |content: &str| read(content).expect_err("it is malformed").to_string();
        assert!(error("5\ta\tb\nc\td\n").ends_with("line 2: not a number and two texts, separated by tabs"));
        assert!(error("5\ta\tb\n").ends_with("sts.tsv has no two pairs of texts"));
        assert!(error("5\ta\tb\nNaN\ta\tb\n").contains("line 2"));
    }
}
