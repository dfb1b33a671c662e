// The page of `embed serve`: a search as one types, and the documents behind its results.
//
// The address of the page holds the whole search, so a bookmark repeats it and the history goes through earlier ones.
// Texts of documents, and everything else that the server sends, become text nodes: nothing is parsed as HTML.
'use strict';

// ---- Elements

const $ = (id) => document.getElementById(id);

/** An element with properties and children; a name with a hyphen is an attribute, a null child is left out. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-')) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

const plural = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

// ---- The search in the address

const DEFAULTS = { q: '', index: '', by: 'both', group: 'passage', k: '10', where: [], glob: [], like: [], open: '', at: '' };
const LISTS = ['where', 'glob', 'like'];
const COUNTS = ['10', '20', '50', '100', '200', '500', '1000'];

let state = readAddress();
let indexes = [];

function readAddress() {
  const parameters = new URLSearchParams(location.search);
  const read = ([name, value]) => [name, Array.isArray(value) ? parameters.getAll(name) : parameters.get(name) || value];
  return Object.fromEntries(Object.entries(DEFAULTS).map(read));
}

/** The parameters of a state that differ from the defaults. */
function parametersOf(wanted) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) {
    for (const each of [value].flat()) if (each !== DEFAULTS[name]) parameters.append(name, each);
  }
  return parameters;
}

const pageOf = (wanted) => `${location.pathname}?${parametersOf(wanted)}`.replace(/\?$/, '');

/** Changes the state and the address: a new entry of the history, or the current one with `replace`. */
function go(changes, { replace = false } = {}) {
  const selected = document.activeElement.closest('.hit');
  if (!replace) history.replaceState({ ...history.state, scroll: scrollY, hit: selected?.dataset.id }, '');
  state = { ...state, ...changes };
  history[replace ? 'replaceState' : 'pushState']({ inside: replace ? history.state?.inside : true }, '', pageOf(state));
  show();
}

/** Back within the page; from its first entry, to the search behind an opened document or similar passages. */
function back() {
  if (history.state?.inside) history.back();
  else if (state.open) go({ open: '', at: '' });
  else go({ like: [] });
}

// ---- The server

/** The JSON of an answer. Throws `{title, message, status}`, or the `AbortError` of the signal. */
async function request(address, signal) {
  const key = sessionStorage.getItem('key');
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  let answer, body;
  try {
    answer = await fetch(address, { headers, signal });
    body = await answer.json();
  } catch (error) {
    if (signal?.aborted) throw new DOMException('', 'AbortError');
    if (!answer) throw { title: 'The server does not answer', message: 'It may have been stopped.', retry: true };
  }
  if (answer.ok && body) return body;
  const { message = `status ${answer.status}`, code } = body?.error ?? {};
  throw { ...headingOf(answer.status, code), message, code, status: answer.status };
}

function headingOf(status, code) {
  if (code === 'no_index') return { title: 'No index' };
  if (status === 404) return { title: 'Not found' };
  if (status === 429 || status === 503) return { title: 'The server is busy', retry: true };
  if (status < 500) return { title: 'The search was refused' };
  return { title: 'The server failed', retry: true };
}

/** Runs one task at a time: a new one aborts the task before it, whose outcome is then ignored. */
function latest() {
  let controller = null;
  return async (task) => {
    controller?.abort();
    const own = controller = new AbortController();
    document.body.classList.toggle('busy', task !== null);
    if (!task) return;
    try {
      await task(own.signal);
    } catch (problem) {
      if (problem.name !== 'AbortError') report(problem);
    } finally {
      if (own === controller) document.body.classList.remove('busy');
    }
  };
}

const only = latest();
const onlyStatus = latest();

const NO_INDEX = 'Make one with “embed index FOLDER”, then start the server again in the same folder.';

function report(problem) {
  if (problem.status === 401) return askForKey();
  if (problem instanceof Error) throw problem;
  const message = problem.code === 'no_index' ? NO_INDEX : problem.message;
  const retry = problem.retry ? make('button', { type: 'button', onclick: start }, 'Try again') : null;
  $('problem').replaceChildren(make('h2', {}, problem.title), make('p', {}, message), ...[retry].filter(Boolean));
  $('problem').hidden = false;
  for (const { classList, dataset } of $('conditions').children) {
    classList.toggle('bad', message.includes(dataset.value) || message.includes(JSON.stringify(dataset.value)));
  }
  $('list').hidden = $('start').hidden = true;
  shown = null;
}

function askForKey() {
  if (sessionStorage.getItem('key')) $('key-message').textContent = 'The server refused this API key.';
  sessionStorage.removeItem('key');
  if (!$('key').open) $('key').showModal();
}

$('key-form').onsubmit = () => {
  sessionStorage.setItem('key', $('key-value').value);
  $('key-value').value = '';
  start();
};

// ---- Words of the query in a text

const setOf = (words) => new Set(words.trim().split(/\s+/));
const FUNCTION_WORDS = setOf(`
  a about an and are as at be been but by can could did do does for from had has have how i if in is it its me my no not of
  on or our should so than that the their them then there these they this to was we were what when where which who why will
  with would you your`);
const WORDS = /[\p{L}\p{M}\p{N}]+/gu;
const PARTS = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{M}]+|\p{N}+|\p{L}+/gu;
// Scripts without spaces between words: pairs of characters stand for words.
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

const fold = (word) => word.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase();

function stem(word) {
  if (word.length < 4 || /\d/.test(word)) return word;
  const base = word.replace(/ies$|ied$/, 'y').replace(/(?<=..)(?:ing|ed|es|s|e|ly)$/, '');
  return base.length < 3 ? word : base.replace(/([bdgmnprt])\1$/, '$1').replace(/y$/, 'i');
}

/** A function from a text to its nodes, in which words that match the query are marked. */
function highlighter(query) {
  const sought = query.replace(/(^|\s)-("[^"]*"|\S+)/g, ' ');
  const words = (sought.match(WORDS) ?? []).map(fold);
  const stems = new Set(words.filter((word) => !FUNCTION_WORDS.has(word) && !UNSPACED.test(word)).map(stem));
  const prefixes = [...stems].filter((each) => each.length > 3);
  const pairs = new Set(words.filter((word) => UNSPACED.test(word)).flatMap(pairsOf));
  const matches = (word) => {
    const folded = fold(word);
    return stems.has(stem(folded)) || prefixes.some((each) => folded.startsWith(each) && folded.length < each.length + 5);
  };
  const rangesOf = (word) => {
    if (UNSPACED.test(word)) return rangesOfPairs(word, pairs);
    if (matches(word)) return [[0, word.length]];
    const parts = [...word.matchAll(PARTS)].filter(([part]) => part !== word && matches(part));
    return parts.map((part) => [part.index, part.index + part[0].length]);
  };
  if (stems.size + pairs.size === 0) return (text) => [text];
  return (text) => {
    const nodes = [];
    let done = 0;
    for (const word of text.matchAll(WORDS)) {
      for (const [from, to] of rangesOf(word[0])) {
        nodes.push(text.slice(done, word.index + from), make('mark', {}, text.slice(word.index + from, word.index + to)));
        done = word.index + to;
      }
    }
    return [...nodes, text.slice(done)];
  };
}

const pairsOf = (word) => (word.length === 1 ? [word] : [...word.slice(1)].map((_, at) => word.slice(at, at + 2)));

function rangesOfPairs(word, pairs) {
  const ranges = [];
  const folded = fold(word).length === word.length ? fold(word) : word;
  for (let at = 0; at < word.length; at++) {
    const length = [2, 1].find((each) => pairs.has(folded.slice(at, at + each)));
    if (!length) continue;
    const last = ranges.at(-1);
    if (last && last[1] >= at) last[1] = Math.max(last[1], at + length);
    else ranges.push([at, at + length]);
  }
  return ranges;
}

// ---- Texts of documents

const CODE = setOf(`
  asm bash bat c cc clj cmake conf cpp cs css csx cu cxx dart el erl ex exs f90 fish fs go gradle groovy h hh hpp hs ini java
  jl js json jsonc jsx kt lisp lua m make mjs ml mm nix php pl pm proto ps1 py pyi r rb rs sass scala scm scss sh sql svelte
  swift tcl tf toml ts tsx v vb vue xml yaml yml zig zsh`);
const extensionOf = (source) => source.split('/').pop().split('.').slice(1).pop()?.toLowerCase() ?? '';

/** The blocks of a passage: code as it is, Markdown as paragraphs, items, tables and code, anything else with its lines. */
function blocksOf(source, text, mark) {
  const extension = extensionOf(source);
  if (CODE.has(extension)) return [codeBlock(indented(text), mark)];
  if (extension === 'md' || extension === 'markdown') return markdownBlocks(text, mark);
  return [make('p', { className: 'plain' }, mark(text))];
}

const codeBlock = (text, mark) => make('pre', {}, make('code', {}, mark(text)));

/** Code whose first line is indented like the second, unless the first opens a block or the second continues it. */
function indented(code) {
  const [, first, indent, second] = code.match(/^(\S.*)\n+([ \t]+)(\S.*)/) ?? [];
  return !first || /[{([:,=+|&>\\-]\s*$/.test(first) || /^[.?:&|+]/.test(second) ? code : indent + code;
}

function markdownBlocks(text, mark) {
  const blocks = [];
  const lines = text.split('\n');
  const take = (belongs) => {
    const end = lines.findIndex((line) => !belongs(line));
    return lines.splice(0, end < 0 ? lines.length : end);
  };
  while (lines.length) {
    const line = lines[0];
    if (!line.trim()) {
      lines.shift();
    } else if (/^\s*(```|~~~)/.test(line)) {
      lines.shift();
      blocks.push(codeBlock(take((each) => !/^\s*(```|~~~)/.test(each)).join('\n'), mark));
      lines.shift();
    } else if (/^( {4}|\t)/.test(line)) {
      const code = take((each) => /^( {4}|\t|\s*$)/.test(each)).join('\n').replace(/^( {4}|\t)/gm, '');
      blocks.push(codeBlock(code.trimEnd(), mark));
    } else if (/^\|/.test(line)) {
      blocks.push(table(take((each) => /^\|/.test(each)), mark));
    } else if (/^#{1,6} /.test(line)) {
      blocks.push(make('h3', {}, inline(lines.shift().replace(/^#+ +/, ''), mark)));
    } else {
      const isItem = /^\s*([-*+]|\d+[.)]) /.test(line);
      const continues = (each) => each.trim() && !/^\s*([-*+] |\d+[.)] |\||#{1,6} |```|~~~)/.test(each);
      const paragraph = [lines.shift(), ...take(continues)].map((each) => each.trim()).join(' ').replace(/^[-*+] /, '•\u2002');
      blocks.push(make('p', { className: isItem ? 'item' : '' }, inline(paragraph, mark)));
    }
  }
  return blocks;
}

/** Code, strong words and the texts of links within a line. */
function inline(text, mark) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|!?\[[^\]]*\]\([^()\s]*\))/).flatMap((part, at) => {
    if (at % 2 === 0) return mark(part);
    if (part[0] === '`') return [make('code', {}, mark(part.slice(1, -1)))];
    if (part[0] === '*') return [make('strong', {}, mark(part.slice(2, -2)))];
    const [, label, target] = part.match(/\[(.*)\]\((.*)\)/);
    return [make('span', { title: target }, inline(label, mark))];
  });
}

function table(lines, mark) {
  const cellsOf = (line) => line.replace(/^\||\|\s*$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim());
  const isRule = (line) => /^[|\s:-]+$/.test(line);
  const headed = lines.length > 1 && isRule(lines[1]);
  const rows = lines.filter((line) => !isRule(line)).map((line, at) =>
    make('tr', {}, cellsOf(line).map((cell) => make(headed && at === 0 ? 'th' : 'td', {}, inline(cell, mark)))));
  return make('div', { className: 'table' }, make('table', {}, rows));
}

// ---- Folded passages

/** Folds texts that are longer than the fold, with the part that has the most words of the query in view. */
function foldLong(texts) {
  const long = texts.filter((text) => text.scrollHeight > text.clientHeight + 48);
  for (const text of texts) if (!long.includes(text)) text.classList.remove('folded');
  for (const text of long) {
    const place = bestPlace(text);
    text.scrollTop = place < 60 ? 0 : place;
    text.classList.toggle('midway', text.scrollTop > 0);
    const unfold = make('button', { type: 'button', className: 'link', 'aria-expanded': 'false' }, 'Show all');
    unfold.onclick = () => {
      const folded = text.classList.toggle('folded');
      unfold.textContent = folded ? 'Show all' : 'Show less';
      unfold.ariaExpanded = String(!folded);
      text.classList.toggle('midway', folded && text.scrollTop > 0);
    };
    text.closest('.hit').querySelector('.foot').prepend(unfold);
  }
}

function bestPlace(text) {
  const start = text.getBoundingClientRect().top;
  const placed = (mark) => ({ word: stem(fold(mark.textContent)), top: mark.getBoundingClientRect().top - start });
  const marks = [...text.querySelectorAll('mark')].map(placed);
  const height = text.clientHeight * 0.7;
  const within = (top) => marks.filter((mark) => mark.top >= top && mark.top < top + height);
  const wordsFrom = (top) => new Set(within(top).map((mark) => mark.word)).size;
  let best = { top: 0, words: wordsFrom(0) };
  for (const { top } of marks) if (wordsFrom(top) > best.words) best = { top, words: wordsFrom(top) };
  return Math.max(0, best.top - text.clientHeight * 0.25);
}

// ---- Results

let shown = null;
const answers = new Map();

/** The address of the search of the state, or null if there is nothing to search for. */
function searchAddress() {
  const { open, at, k, ...wanted } = state;
  wanted.q = wanted.q.trim();
  if (!wanted.q && !wanted.like.length) return null;
  if (wanted.like.length) delete wanted.by;
  if (indexes.length > 1) wanted.index = indexName();
  const parameters = parametersOf(wanted);
  parameters.set('k', k);
  return `search?${parameters}`;
}

const indexName = () => state.index || (indexes[0]?.name ?? '');

async function search({ remembered = false } = {}) {
  const address = searchAddress();
  if (!address) return only(null), showStart();
  if (address === shown) return only(null);
  if (remembered && answers.has(address)) return only(null), showAnswer(address, answers.get(address));
  return only(async (signal) => {
    const answer = await request(address, signal);
    answers.delete(address);
    answers.set(address, answer);
    if (answers.size > 30) answers.delete(answers.keys().next().value);
    showAnswer(address, answer);
  });
}

function showStart() {
  shown = null;
  $('list').hidden = $('problem').hidden = true;
  $('start').hidden = false;
}

function showAnswer(address, { results, notes = [] }) {
  const focused = document.activeElement.closest('.hit')?.dataset.id;
  const mark = highlighter(state.q);
  $('problem').hidden = $('start').hidden = true;
  $('list').hidden = false;
  $('count').textContent = results.length ? plural(results.length, state.group) : 'No results';
  $('notes').replaceChildren(...notes.map((note) => make('li', {}, note)));
  $('notes').hidden = !notes.length;
  $('hits').replaceChildren(...results.map((hit) => make('li', {}, hitElement(hit, mark))));
  $('more').hidden = results.length < Number(state.k) || Number(state.k) >= 1000;
  $('fields').replaceChildren(...fieldsOf(results).map((value) => make('option', { value })));
  shown = address;
  foldLong([...$('hits').querySelectorAll('.text')]);
  if (focused) hitWith(focused)?.focus({ preventScroll: true });
}

const hits = () => [...$('hits').querySelectorAll('.hit')];
const hitWith = (id) => hits().find((hit) => hit.dataset.id === id);

/** The title of a document, unless its text begins with it. */
function titleOf({ metadata, text }) {
  const { title } = metadata ?? {};
  return typeof title === 'string' && text.match(/^\s*#{1,6} +(.*)/)?.[1].trim() !== title.trim() ? title : null;
}

function hitElement(hit, mark) {
  const title = titleOf(hit);
  const element = make('article', { className: 'hit', tabIndex: -1, 'aria-label': placeOf(hit) },
    make('div', { className: 'hit-head' },
      openLink(hit),
      make('span', { className: 'score', title: scoreParts(hit) }, scoreText(hit))),
    title && make('p', { className: 'title' }, mark(title)),
    make('div', { className: 'text folded' }, blocksOf(hit.source, hit.text, mark)),
    metadataElement(hit.metadata),
    make('div', { className: 'foot' },
      make('button', { type: 'button', className: 'link', onclick: () => moreLike(hit.id) }, 'More like this'),
      make('button', { type: 'button', className: 'link', onclick: () => copy(placeOf(hit)) }, 'Copy path')));
  element.dataset.id = hit.id;
  element.record = hit;
  return element;
}

const placeOf = (hit) => (hit.line === null ? hit.source : `${hit.source}:${hit.line}`);

function placeNodes(hit) {
  const cut = hit.source.lastIndexOf('/') + 1;
  return [hit.source.slice(0, cut), make('b', {}, hit.source.slice(cut)), placeOf(hit).slice(hit.source.length)];
}

const openStateOf = (hit) => ({ open: hit.document, at: hit.id });

function openLink(hit) {
  const href = pageOf({ ...state, ...openStateOf(hit) });
  const link = make('a', { className: 'place', href, title: 'Open the document' }, placeNodes(hit));
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.closest('.hit').focus({ preventScroll: true });
    go(openStateOf(hit));
  };
  return link;
}

const confidenceWord = (confidence) => (confidence >= 0.9 ? 'strong' : confidence >= 0.5 ? 'fair' : 'weak');
const isNumber = (value) => typeof value === 'number';

function scoreText(hit) {
  const score = hit.score.toFixed(hit.score < 10 ? 3 : 1);
  return isNumber(hit.confidence) ? `${confidenceWord(hit.confidence)} · ${score}` : score;
}

function scoreParts(hit) {
  const parts = [`score ${hit.score.toFixed(3)}`];
  if (isNumber(hit.cosine)) parts.push(`cosine ${hit.cosine.toFixed(3)}`);
  if (isNumber(hit.words)) parts.push(`words ${hit.words.toFixed(3)}`);
  if (isNumber(hit.confidence)) parts.push(`confidence ${hit.confidence.toFixed(2)}`);
  if (isNumber(hit.rerank)) parts.push(`rerank ${hit.rerank.toFixed(3)}`);
  return parts.join(', ');
}

const moreLike = (id) => go({ q: '', like: [id], open: '', at: '' });

// ---- Metadata and filters

/** The fields of metadata as `[path, value]`, a list as one entry for each element. */
function entriesOf(value, path = []) {
  const isNested = (each) => each !== null && typeof each === 'object';
  if (Array.isArray(value)) return value.filter((each) => !isNested(each)).map((each) => [path, each, true]);
  if (isNested(value)) return Object.entries(value).flatMap(([name, each]) => entriesOf(each, [...path, name]));
  return path.length ? [[path, value, false]] : [];
}

function fieldsOf(results) {
  const own = results.flatMap((hit) => entriesOf(hit.metadata)).map(([path]) => fieldName(path));
  return [...new Set(['source', 'id', ...own])];
}

const quoted = (text) => `"${text.replace(/["\\]/g, '\\$&')}"`;
const isPlain = (text) => /^[\p{L}_][\p{L}\p{N}_/-]*$/u.test(text);

/** The name of a field in a filter: only a quoted `source` or `id` is a field of the metadata. */
function fieldName(path) {
  if (path.length === 1 && /^(source|id)$/.test(path[0])) return quoted(path[0]);
  return path.map((step) => (isPlain(step) ? step : quoted(step))).join('.');
}

/** A value of the metadata in a filter: a text is quoted unless it can only be read as a text. */
function literal(value) {
  if (typeof value !== 'string') return String(value);
  return isPlain(value) && !/^(true|false)$/.test(value) ? value : quoted(value);
}

/** What was typed, quoted if it needs to be; quotation marks of the user's own stay. */
const typedValue = (text) => (/^["']/.test(text) || /^\S+$/.test(text) ? text : quoted(text));
const typedField = (text) => (/["']/.test(text) || /^[^\s=!<>~]+$/.test(text) ? text : quoted(text));

function metadataElement(metadata) {
  const isTitle = ([name, ...deeper], value) => name === 'title' && !deeper.length && typeof value === 'string';
  const entries = entriesOf(metadata).filter(([path, value]) => value !== null && value !== '' && !isTitle(path, value));
  if (!entries.length) return null;
  return make('ul', { className: 'metadata', 'aria-label': 'Metadata' },
    entries.map(([path, value, listed]) => make('li', {}, metadataItem(path, value, listed))));
}

function metadataItem(path, value, listed) {
  const text = String(value);
  const nodes = [`${path.join('.')} `, make('b', {}, text.length > 80 ? `${text.slice(0, 80)}…` : text)];
  if (text.length > 200) return make('span', { className: 'quiet', title: text }, nodes);
  const condition = `${fieldName(path)} ${listed ? '~' : '='} ${literal(value)}`;
  const onclick = () => addTo('where', condition);
  return make('button', { type: 'button', className: 'link', title: `Search only ${condition}`, onclick }, nodes);
}

function addTo(list, value) {
  if (!state[list].includes(value)) go({ [list]: [...state[list], value], open: '', at: '' });
}

$('condition').onsubmit = (event) => {
  event.preventDefault();
  addTo('where', `${typedField($('field').value.trim())} ${$('operator').value} ${typedValue($('value').value.trim())}`);
  $('field').value = $('value').value = '';
  $('field').focus();
};

$('files').onsubmit = (event) => {
  event.preventDefault();
  addTo('glob', $('glob').value.trim());
  $('glob').value = '';
};

$('filter').onclick = () => openFilters($('filters').hidden);

function openFilters(open) {
  $('filters').hidden = !open;
  $('filter').ariaExpanded = String(open);
  if (open) $('field').focus();
}

function conditionElement(list, value) {
  const label = { where: [], glob: ['in '], like: ['similar to '] }[list];
  const remove = make('button', { type: 'button', 'aria-label': `Remove ${label.join('')}${value}`, onclick: () => {
    go({ [list]: state[list].filter((each) => each !== value) });
    $('query').focus();
  } }, '×');
  const item = make('li', {}, make('span', {}, label, make('code', {}, value)), remove);
  item.dataset.value = value;
  return item;
}

// ---- The document

async function read() {
  $('list').hidden = $('start').hidden = $('problem').hidden = true;
  $('reader').hidden = false;
  $('reader').replaceChildren();
  const parameters = indexes.length > 1 ? `?${new URLSearchParams({ index: indexName() })}` : '';
  await only(async (signal) => {
    const { passages } = await request(`documents/${encodeURIComponent(state.open)}${parameters}`, signal);
    showDocument(passages);
  });
}

function showDocument(passages) {
  const mark = highlighter(state.q);
  const [first] = passages;
  const place = passages.find((passage) => passage.id === state.at) ?? first;
  const title = titleOf(first) && make('p', { className: 'title' }, titleOf(first));
  const parts = passages.map((passage, at) => passageElement(passage, passages[at - 1], mark));
  $('reader').replaceChildren(
    make('div', { className: 'reader-head' },
      make('button', { type: 'button', className: 'link', onclick: back }, '← Back'),
      make('h2', {}, first.source), ...[title, metadataElement(first.metadata)].filter(Boolean),
      make('div', { className: 'foot' },
        make('button', { type: 'button', className: 'link', onclick: () => moreLike(place.id) }, 'More like this'),
        make('button', { type: 'button', className: 'link', onclick: () => copy(placeOf(place)) }, 'Copy path'))),
    ...parts);
  $('reader').record = place;
  const current = parts[passages.indexOf(place)];
  current.setAttribute('aria-current', 'true');
  current.focus({ preventScroll: true });
  if (place === first) scrollTo(0, 0);
  else current.scrollIntoView();
}

function passageElement({ source, text, line, end_line: end }, previous, mark) {
  const blocks = blocksOf(source, withoutOverlap(text, previous?.text ?? ''), mark);
  return make('article', { className: 'passage', tabIndex: -1 },
    line === null ? null : make('p', { className: 'lines' }, end > line ? `${line}–${end}` : String(line)),
    make('div', { className: 'text' }, blocks));
}

/** A passage may begin with the end of the one before it. */
function withoutOverlap(text, previous) {
  for (let length = Math.min(text.length, previous.length) - 1; length > 15; length--) {
    if (previous.endsWith(text.slice(0, length))) return text.slice(length).replace(/^\n+/, '');
  }
  return text;
}

// ---- Controls

/** Shows the state: its controls, and its document or the results of its search. */
async function show(options) {
  if ($('query').value.trim() !== state.q.trim()) $('query').value = state.q;
  // Similar passages are ranked by meaning.
  const chosen = state.like.length ? { ...state, by: 'meaning' } : state;
  for (const input of document.querySelectorAll('#controls input')) input.checked = input.value === chosen[input.name];
  for (const input of document.getElementsByName('by')) input.disabled = state.like.length > 0;
  const counts = [...new Set([...COUNTS.slice(0, 4), state.k])];
  $('k').replaceChildren(...counts.map((value) => make('option', { value }, `${value} results`)));
  $('k').value = state.k;
  $('index').value = indexName();
  $('conditions').replaceChildren(...LISTS.flatMap((list) => state[list].map((value) => conditionElement(list, value))));
  $('conditions').hidden = !$('conditions').children.length;
  document.title = state.open || state.q ? `${state.open || state.q} – embed` : 'embed';
  if (state.open) return read();
  $('reader').hidden = true;
  $('list').hidden = shown === null;
  return search(options);
}

let typed = { timer: 0, last: 0 };

/** Searches for the text of the box. A pause of two seconds begins a new entry of the history. */
function searchTyped() {
  clearTimeout(typed.timer);
  const q = $('query').value;
  if (q.trim() === state.q.trim() && !state.open && !(q.trim() && state.like.length)) return;
  const replace = !state.open && !state.like.length && Date.now() - typed.last < 2000;
  typed.last = Date.now();
  go({ q, like: q.trim() ? [] : state.like, open: '', at: '' }, { replace });
}

$('query').oninput = () => {
  clearTimeout(typed.timer);
  typed.timer = setTimeout(searchTyped, 120);
};
$('search').onsubmit = (event) => {
  event.preventDefault();
  searchTyped();
  if (searchAddress() === shown) hits()[0]?.focus();
};
$('by').onchange = (event) => go({ by: event.target.value, open: '', at: '' });
$('group').onchange = (event) => go({ group: event.target.value, open: '', at: '' });
$('k').onchange = (event) => go({ k: event.target.value, open: '', at: '' });
$('index').onchange = (event) => go({ index: event.target.value, like: [], open: '', at: '' });
$('more').onclick = () => {
  const known = hits().length;
  go({ k: COUNTS.find((count) => Number(count) > Number(state.k)) });
  afterAnswer(() => hits()[known]?.focus());
};
$('home').onclick = (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({ ...DEFAULTS, index: state.index });
  $('query').focus();
};

/** Calls back once the running search has been answered, unless another one replaces it. */
function afterAnswer(callback) {
  const wanted = searchAddress();
  new MutationObserver((_, observer) => {
    if (shown === wanted) callback();
    observer.disconnect();
  }).observe($('hits'), { childList: true });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure connection there is no clipboard API.
    const area = make('textarea', { value: text, className: 'unseen' });
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
    focused.focus({ preventScroll: true });
  }
  tell(`Copied ${text}`);
}

let toast = 0;
function tell(text) {
  clearTimeout(toast);
  $('toast').textContent = text;
  $('toast').classList.remove('unseen');
  toast = setTimeout(() => $('toast').classList.add('unseen'), 1800);
}

// ---- Keys

/** The record that keys are about: the selected hit, or the passage of the opened document. */
const recordInFocus = () => (state.open ? $('reader').record : document.activeElement.closest('.hit')?.record);

const KEYS = {
  '/': () => ($('query').focus(), $('query').select()),
  ArrowDown: () => !state.open && select(1),
  ArrowUp: () => !state.open && select(-1),
  Enter: () => document.activeElement.matches('.hit') && go(openStateOf(document.activeElement.record)),
  m: () => recordInFocus() && moreLike(recordInFocus().id),
  c: () => recordInFocus() && copy(placeOf(recordInFocus())),
  Escape: escape,
};

/** Selects the next or previous hit; before the first one is the box. */
function select(step) {
  const all = hits();
  const at = all.indexOf(document.activeElement.closest('.hit'));
  if (!all.length || $('list').hidden || (at < 0 && step < 0)) return false;
  (all[Math.min(at + step, all.length - 1)] ?? $('query')).focus();
  return true;
}

function escape() {
  if (state.open) return back();
  if ($('filters').contains(document.activeElement)) return openFilters(false), $('filter').focus();
  if (state.like.length) return back();
  if (document.activeElement.closest('.hit')) return $('query').focus();
  return false;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $('key').open) return;
  const isTyping = event.target.matches('input, select, textarea');
  if (isTyping && event.key !== 'Escape' && !(event.key === 'ArrowDown' && event.target === $('query'))) return;
  if (Object.hasOwn(KEYS, event.key) && !(KEYS[event.key]() === false)) {
    if (event.key !== 'Enter' || event.target.matches('.hit')) event.preventDefault();
  }
});

// ---- Start

addEventListener('popstate', async (event) => {
  clearTimeout(typed.timer);
  typed.last = 0;
  const wasOpen = state.open;
  state = readAddress();
  await show({ remembered: true });
  if (state.open) return;
  if (event.state?.hit) hitWith(event.state.hit)?.focus({ preventScroll: true });
  else if (!wasOpen) $('query').focus({ preventScroll: true });
  scrollTo(0, event.state?.scroll ?? 0);
});

function showStatus({ version, model, indexes: served }) {
  indexes = served;
  $('index-choice').hidden = indexes.length < 2;
  $('index').replaceChildren(...indexes.map(({ name }) => make('option', { value: name }, name)));
  // A link carries no key.
  const description = make('a', { href: 'openapi.json', hidden: sessionStorage.getItem('key') !== null }, 'API');
  $('about').replaceChildren(`embed ${version}`, make('span', {}, model.name), description);
  $('summary').textContent = indexes.map(summaryOf).join(' ');
}

const summaryOf = ({ name, passages, documents, sources }) =>
  `${name}: ${plural(passages, 'passage')} of ${plural(documents, 'document')} in ${plural(sources, 'source')}.`;

/** Asks what is served, then shows the state. */
async function start() {
  await onlyStatus(async (signal) => showStatus(await request('status', signal)));
  if ($('key').open || !$('about').childNodes.length) return;
  if (!indexes.length) return report({ title: 'No index', code: 'no_index', message: '' });
  $('problem').hidden = true;
  shown = null;
  await show();
}

history.scrollRestoration = 'manual';
start();
