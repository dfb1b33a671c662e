//! The engine as a long-lived process uses it: shared by threads, beside writers, with embedders of other kinds.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use embed::embedding::{
    EmbedError, Embedded, Embedder, EmbedderRequest, Fingerprint, Identity, Input, ModelDescription, Role,
};
use embed::engine::{
    Engine, EngineError, Extent, Host, IndexEditor, IndexRequest, LocalHost, ModelRequest, Models, Query,
    SearchRequest,
};
use embed::vectors::{Dimension, UnitVectors};

use crate::support::{Sandbox, tiny_model};

/// An embedder that is no local model: a text's vector says which of a few words it has.
#[derive(Debug)]
struct WordEmbedder {
    description: ModelDescription,
}

const WORDS: [&str; 4] = ["apple", "pear", "bridge", "river"];

impl WordEmbedder {
    fn new(name: &str, fingerprint: &str) -> Self {
        let dimension = Dimension::new(WORDS.len()).expect("the list is not empty");
        let external = ModelDescription::of_external(name, dimension);
        let identity = Identity::Computed(Fingerprint::from_hex(fingerprint.repeat(64)));
        Self { description: ModelDescription { identity, ..external } }
    }
}

impl Embedder for WordEmbedder {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn longest_document(&self) -> usize {
        100
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn embed(&self, _role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError> {
        let mut vectors = UnitVectors::new(self.description.dimension);
        for input in inputs {
            let Input::Text(text) = input else { unreachable!("all inputs are texts") };
            let vector = WORDS.map(|word| 0.1 + text.matches(word).count() as f32);
            vectors.push(&vector).map_err(EmbedError::new)?;
        }
        Ok(Embedded { vectors, tokens: inputs.len(), truncated: 0 })
    }
}

/// A host whose model `words` is a [`WordEmbedder`]; it counts how often it is asked for it.
struct WordHost {
    local: LocalHost,
    fingerprint: &'static str,
    loads: AtomicUsize,
}

impl WordHost {
    fn new(folder: &Path, fingerprint: &'static str) -> Arc<Self> {
        Arc::new(Self { local: LocalHost::new(folder), fingerprint, loads: AtomicUsize::new(0) })
    }
}

impl Host for WordHost {
    fn working_directory(&self) -> &Path {
        self.local.working_directory()
    }

    fn provides(&self, name: &str) -> bool {
        self.loads.fetch_add(1, Ordering::SeqCst);
        name == "words"
    }

    fn embedder(&self, request: &EmbedderRequest<'_>) -> Result<Arc<dyn Embedder>, EmbedError> {
        Ok(Arc::new(WordEmbedder::new(request.name, self.fingerprint)))
    }
}

fn request(paths: &[&str], model: &str) -> IndexRequest {
    IndexRequest {
        paths: paths.iter().map(Into::into).collect(),
        model: ModelRequest { name: Some(model.to_owned()), ..ModelRequest::default() },
        ..IndexRequest::default()
    }
}

struct NoProgress;

impl embed::engine::Progress for NoProgress {
    fn begin(&mut self, _source: &str) {}
    fn advance(&mut self, _step: embed::engine::Step) {}
}

fn best(engine: &Engine, query: &str) -> String {
    let answers = engine.search(&SearchRequest::text(query)).expect("the index is whole");
    answers.hits[0][0].passage.passage.text.clone()
}

#[test]
fn an_embedder_of_another_kind_indexes_and_searches_without_a_change_to_callers() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "an apple a day\na bridge over the river\n");
    let folder = sandbox.path().join(".embed");
    let host = WordHost::new(sandbox.path(), "a");
    let paths = [sandbox.path().join("a.txt")];
    let update = IndexRequest { paths: paths.to_vec(), ..request(&[], "words") };
    let report = IndexEditor::new(&folder, host.clone()).update(&update, &mut NoProgress).unwrap();
    assert_eq!((report.added, report.totals.embedded), (1, 2));
    let engine = Engine::open(&folder, ModelRequest::default(), host);
    assert_eq!(best(&engine, "river"), "a bridge over the river");
    assert_eq!(best(&engine, "apple"), "an apple a day");
}

#[test]
fn vectors_of_another_identity_are_refused_whoever_computes_them() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "an apple a day\n");
    let folder = sandbox.path().join(".embed");
    let update = IndexRequest { paths: vec![sandbox.path().join("a.txt")], ..request(&[], "words") };
    IndexEditor::new(&folder, WordHost::new(sandbox.path(), "a")).update(&update, &mut NoProgress).unwrap();
    let other = Engine::open(&folder, ModelRequest::default(), WordHost::new(sandbox.path(), "b"));
    let refused = other.search(&SearchRequest::text("apple"));
    assert!(matches!(refused, Err(EngineError::OtherModel(_))), "{refused:?}");
    let editor = IndexEditor::new(&folder, WordHost::new(sandbox.path(), "b"));
    assert!(matches!(editor.update(&update, &mut NoProgress), Err(EngineError::OtherModel(_))));
}

#[test]
fn many_threads_share_an_engine_that_loads_its_model_once() {
    let sandbox = Sandbox::with_docs();
    sandbox.run_tiny(&["index", "docs.txt"]);
    let host = WordHost::new(sandbox.path(), "a");
    let engine = Engine::open(&sandbox.path().join(".embed"), ModelRequest::default(), host.clone());
    let expected = OnceLock::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let answer = engine.search(&SearchRequest::text("how do I return")).unwrap();
                    assert_eq!(expected.get_or_init(|| answer.clone()), &answer);
                }
            });
        }
    });
    assert_eq!(host.loads.load(Ordering::SeqCst), 1, "the model is looked for once");
}

#[test]
fn what_another_process_indexes_is_seen_by_the_next_query() {
    let sandbox = Sandbox::with_docs();
    sandbox.run_tiny(&["index", "docs.txt"]);
    let host = Arc::new(LocalHost::new(sandbox.path()));
    let engine = Engine::open(&sandbox.path().join(".embed"), ModelRequest::default(), host);
    let text = "a text that was not there before";
    assert_ne!(best(&engine, text), text);
    sandbox.write("more.txt", text);
    assert_eq!(sandbox.run_tiny(&["index", "more.txt"]).code, 0, "no query holds the index");
    assert_eq!(best(&engine, text), text);
    let tiny = tiny_model();
    let cls = ["index", "--rebuild", "--pooling", "cls", "--model", tiny.to_str().unwrap()];
    assert_eq!(sandbox.run(&cls).code, 0);
    assert_eq!(best(&engine, text), text, "the engine follows the index to its new settings");
}

#[test]
fn a_vector_needs_no_model_and_must_fit() {
    let sandbox = Sandbox::with_docs();
    sandbox.run_tiny(&["index", "docs.txt"]);
    let host = Arc::new(LocalHost::new(sandbox.path()));
    let engine = Engine::open(&sandbox.path().join(".embed"), ModelRequest::default(), host);
    let search = |length: usize| {
        let mut vector = vec![0.0; length];
        vector[0] = 1.0;
        engine.search(&SearchRequest::queries(vec![Query::Vector(vector)]))
    };
    assert_eq!(search(32).expect("the tiny model has 32 components").hits[0].len(), 3);
    let refused = search(31).expect_err("31 are not 32");
    assert_eq!(refused.to_string(), "the vectors have dimension 31, the index has dimension 32");
}

#[test]
fn queries_of_both_kinds_are_answered_in_their_order() {
    let host = WordHost::new(Path::new("/"), "a");
    let model = Arc::new(WordEmbedder::new("words", "a"));
    let engine = Engine::of_texts(["a pear", "a bridge", "a river"], model, host).unwrap();
    let bridge = Query::Vector(vec![0.0, 0.0, 1.0, 0.0]);
    let queries =
        vec![bridge.clone(), Query::Text("pear".to_owned()), bridge, Query::Text("river".to_owned())];
    let answers = engine.search(&SearchRequest::queries(queries)).unwrap();
    let best = answers.hits.iter().map(|hits| hits[0].passage.passage.text.as_str());
    assert_eq!(best.collect::<Vec<_>>(), ["a bridge", "a pear", "a bridge", "a river"]);
}

/// A host that indexes while it is asked for a model, as another process could.
struct BusyHost {
    words: Arc<WordHost>,
    update: IndexRequest,
}

impl Host for BusyHost {
    fn working_directory(&self) -> &Path {
        self.words.working_directory()
    }

    fn provides(&self, name: &str) -> bool {
        self.words.provides(name)
    }

    fn embedder(&self, request: &EmbedderRequest<'_>) -> Result<Arc<dyn Embedder>, EmbedError> {
        let folder = self.working_directory().join(".embed");
        IndexEditor::new(&folder, self.words.clone()).update(&self.update, &mut NoProgress).unwrap();
        self.words.embedder(request)
    }
}

#[test]
fn an_index_can_be_written_while_a_search_loads_its_model() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "an apple a day\n");
    sandbox.write("b.txt", "a bridge\n");
    let words = WordHost::new(sandbox.path(), "a");
    let folder = sandbox.path().join(".embed");
    let update =
        |file: &str| IndexRequest { paths: vec![sandbox.path().join(file)], ..request(&[], "words") };
    IndexEditor::new(&folder, words.clone()).update(&update("a.txt"), &mut NoProgress).unwrap();
    let host = Arc::new(BusyHost { words, update: update("b.txt") });
    let engine = Engine::open(&folder, ModelRequest::default(), host);
    assert_eq!(best(&engine, "bridge"), "a bridge", "it waited for no reader, and is seen");
}

#[test]
fn texts_in_memory_are_searched_and_fetched_by_id() {
    let host = WordHost::new(Path::new("/"), "a");
    let model = Models::new(host.clone())
        .load(&ModelRequest { name: Some("words".to_owned()), ..ModelRequest::default() })
        .unwrap();
    let engine = Engine::of_texts(["a pear", "a bridge"], model, host).unwrap();
    assert_eq!(best(&engine, "bridge"), "a bridge");
    assert_eq!(engine.fetch("texts:1", 0..9).unwrap().passages[0].passage.text, "a pear");
    assert!(matches!(engine.fetch("texts:3", 0..9), Err(EngineError::UnknownId { .. })));
    assert!(matches!(engine.status(), Err(EngineError::InMemory)));
}

#[test]
fn removing_everything_has_to_be_allowed() {
    let sandbox = Sandbox::with_docs();
    sandbox.run_tiny(&["index", "docs.txt"]);
    let host = Arc::new(LocalHost::new(sandbox.path()));
    let editor = IndexEditor::new(&sandbox.path().join(".embed"), host);
    let remove = |name: &str, extent| editor.remove(&[name.to_owned()], extent);
    assert!(matches!(remove("", Extent::Whole), Err(EngineError::EmptyName)));
    for name in [".", "docs.txt"] {
        let refused = remove(name, Extent::Part);
        assert!(matches!(refused, Err(EngineError::RemovesEverything { sources: 1, .. })), "{name}");
    }
    assert_eq!(remove("docs.txt:2", Extent::Part).unwrap().documents, 1);
    assert_eq!(remove(".", Extent::Whole).unwrap().sources, 1);
}
