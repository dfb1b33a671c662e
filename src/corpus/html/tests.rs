//! The extraction of pages of every kind.

use proptest::prelude::*;

use super::*;
use crate::corpus::options::PageExtent;
use crate::corpus::passages::BlockKind;

/// The texts of the blocks.
fn shown(page: &str, extent: PageExtent) -> String {
    let Page { text, blocks, .. } = extract(page, extent).expect("its tags are small");
    let shown: Vec<&str> = blocks.into_iter().map(|block| &text[block.range]).collect();
    shown.join("\n\n")
}

fn text_of(page: &str) -> String {
    shown(page, PageExtent::Main)
}

#[test]
fn tags_go_and_blocks_stay_apart() {
    for (page, text) in [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("a<b>b</b>c <i> d</i>", "abc d"),
        ("<p>x<br>y", "x\ny"),
        ("<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n\n3"),
        ("<ul><li>a<li>b</ul>", "a\n\nb"),
        ("<pre>fn a() {\n    b()\n}</pre>", "fn a() {\n    b()\n}"),
        ("plain & simple < text", "plain & simple < text"),
    ] {
        assert_eq!(text_of(page), text, "{page}");
    }
}

#[test]
fn what_is_not_shown_is_dropped() {
    for page in [
        "<script>if (a < b) { '</p>' }</script>x",
        "<style>p > b {}</style>x",
        "<!-- <p>y</p> -->x",
        "<noscript><p>y</p></noscript>x",
        "<template><template></template><p>y</p></template>x",
        "<!doctype html><meta name=y content=y>x<img alt=''>",
        "<svg><text>y</text></svg>x",
    ] {
        assert_eq!(text_of(page), "x", "{page}");
    }
}

#[test]
fn what_is_beside_the_main_content_is_left_out_unless_the_whole_page_is_read() {
    for (page, main, whole) in [
        ("<nav>n</nav><p>x</p><footer>f</footer>", "x", "n\n\nx\n\nf"),
        ("<header><a href=h>Home</a> <a href=d>Docs</a></header>x", "x", "Home Docs\n\nx"),
        ("<header><h1>Title</h1><a href=h>Home</a></header>x", "Title\n\nx", "Title\n\nHome\n\nx"),
        (
            "<p hidden>a<p>b<p style='Display : none'>c</p><i aria-hidden=true>d</i>e",
            "b\n\ne",
            "a\n\nb\n\nc\n\nde",
        ),
        ("<button>b</button>x<select><option>o</select>", "x", "bx\n\no"),
        ("<img alt='A cat'>x", "A cat x", "A cat x"),
        ("<img hidden alt='A cat'>x", "x", "A cat x"),
        ("<nav>only</nav>", "only", "only"),
        ("<aside>a</aside><article>x<aside>b</aside></article>", "x\n\nb", "a\n\nx\n\nb"),
    ] {
        assert_eq!(shown(page, PageExtent::Main), main, "{page}");
        assert_eq!(shown(page, PageExtent::Whole), whole, "{page}");
    }
}

#[test]
fn what_is_hidden_ends_where_a_browser_ends_it() {
    for (page, text) in [
        ("<ul><li hidden>x</ul><p>rest", "rest"),
        ("<ul><li hidden>x<li>y</ul>rest", "y\n\nrest"),
        ("<ul><li hidden>x<ul><li>y<li>z</ul>a</li><li>b</ul>", "b"),
        ("<ul><li hidden><div>x<li>y</ul>", "y"),
        ("<p hidden>note<div>rest</div>", "rest"),
        ("<p hidden>note <b>bold<ul><li>rest</ul>", "rest"),
        ("<dl><dt hidden>a<dd>b</dl>c", "b\n\nc"),
        ("<table><tr hidden><td>a<tr><td>b</table>c", "b\n\nc"),
        ("<table><tr hidden><td><table><tr><td>a</table>b<tr><td>c</table>", "c"),
        ("<div><table><tr><td hidden>a</div>b<td>c</table>", "c"),
        ("<div><svg><path></div>rest", "rest"),
        ("<div><svg/>rest</div>", "rest"),
        ("<div><span hidden>x</div>rest", "rest"),
        ("<b><div hidden>x</b>y</div>rest", "rest"),
        ("<p>a<div hidden>b</p>c</div>d", "a\n\nd"),
        ("<div><template></div>x</template>rest", "rest"),
        ("<object hidden><param name=a><track>x</object>rest", "rest"),
        ("<nav><div></nav>rest", "rest"),
    ] {
        assert_eq!(text_of(page), text, "{page}");
    }
}

#[test]
fn a_link_in_what_is_hidden_links_nothing_else() {
    for page in [
        "<nav><a href=/>Home</a></nav><p>Closed on Sundays.</p><p>Open on Mondays, and so on.</p>",
        "<a href=/><div hidden>x</a></div><p>Closed on Sundays.</p><p>Open on Mondays, and so on.</p>",
    ] {
        assert_eq!(text_of(page), "Closed on Sundays.\n\nOpen on Mondays, and so on.", "{page}");
    }
}

#[test]
fn the_only_main_element_with_enough_text_is_the_page() {
    let text = "word ".repeat(50);
    let page = format!("<div>skip</div><main><h2 id=a>Head ¶</h2>{text}</main><div>skip</div>");
    assert_eq!(text_of(&page), format!("Head ¶\n\n{}", text.trim()));
    let page = extract(&page, PageExtent::Main).expect("its tags are small");
    assert!(matches!(&page.blocks[0].kind, BlockKind::Heading { level: 2, title } if title == "Head"));
    let two = format!("a<article>{text}</article><article>{text}</article>");
    assert!(text_of(&two).starts_with("a\n\nword"));
    assert!(text_of(&format!("a<main>{text}")).starts_with("word"));
    assert_eq!(text_of("<div>kept</div><main>Loading</main>"), "kept\n\nLoading");
}

#[test]
fn links_to_other_pages_at_the_edges_are_left_out() {
    let generated = "This page is part of the PCRE2 HTML documentation. It was generated automatically from the \
                     original man page.";
    let back = "<p>\nReturn to the <a href=\"index.html\">PCRE2 index page</a>.\n</p>";
    let page = format!(
        "<body bgcolor=\"#FFFFFF\">\n<h1>pcre2jit man page</h1>\n{back}\n<p>\n{generated}\n<br>\n\
         <ul>\n<li><a name=\"TOC1\" href=\"#SEC1\">JIT SUPPORT</a>\n</ul>\n\
         <h2><a name=\"SEC1\" href=\"#TOC1\">JIT SUPPORT</a></h2>\n<p>\nIt compiles, as \
         <a href=\"pcre2api.html\"><b>pcre2api</b></a> says.\n</p>\n{back}\n</body>"
    );
    let start = "pcre2jit man page";
    let text = format!("{generated}\n\nJIT SUPPORT\n\nJIT SUPPORT\n\nIt compiles, as pcre2api says.");
    assert_eq!(text_of(&page), format!("{start}\n\n{text}"));
    let whole = "Return to the PCRE2 index page.";
    assert_eq!(shown(&page, PageExtent::Whole), format!("{start}\n\n{whole}\n\n{text}\n\n{whole}"));
}

#[test]
fn links_that_a_page_is_about_are_kept() {
    let list = "<ul><li><a href=a>One</a><li><a href=b>Two</a></ul>";
    for (page, text) in [
        (format!("<p>Text.</p>{list}"), "Text."),
        (format!("{list}<p>Text.</p>"), "Text."),
        (format!("<p>Text.</p><article>{list}</article>"), "Text.\n\nOne\n\nTwo"),
        (format!("<p>Text.</p><h2>More</h2>{list}"), "Text.\n\nMore\n\nOne\n\nTwo"),
        (format!("<p>The parts:</p>{list}"), "The parts:\n\nOne\n\nTwo"),
        (format!("<h1>Index</h1>{list}"), "Index\n\nOne\n\nTwo"),
        (format!("<a name=top><p>Text.</p>{list}"), "Text."),
        (list.to_owned(), "One\n\nTwo"),
    ] {
        assert_eq!(text_of(&page), text, "{page}");
    }
}

#[test]
fn entities_are_decoded_once() {
    assert_eq!(
        text_of("&lt;b&gt; &amp;amp; &eacute;&#233;&#xe9; &copy 1 &unknown;"),
        "<b> &amp; ééé © 1 &unknown;"
    );
    assert_eq!(text_of("<title>A &amp; B</title>"), "A & B");
}

#[test]
fn places_survive_line_ends_and_entities() {
    let page = "<p>one\r\n  two &amp; three\r\n</p>\r\n<p>four</p>";
    let Page { text, places, .. } = extract(page, PageExtent::Main).expect("its tags are small");
    assert_eq!(text, "one two & three\n\nfour");
    let origin = |wanted: &str| {
        let start = text.find(wanted).expect("the text has it");
        let (start, end) = places.origin(start, start + wanted.len());
        &page[start..end]
    };
    assert_eq!(origin("one"), "one");
    assert_eq!(origin("three"), "two &amp; three");
    assert_eq!(origin("four"), "four");
}

/// As much stack as the thread of a pool has.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread =
        std::thread::Builder::new().stack_size(1 << 20).spawn(work).expect("there is room for a thread");
    thread.join().expect("the work does not panic")
}

#[test]
fn a_tag_of_many_attributes_is_read_or_refused_on_a_small_stack() {
    for (start, attribute, end) in [
        ("<p", " a=\"b\"", ">x"),
        ("<p", " a = \"b\"", ">x"),
        ("<p", " a=\"\"", ">x"),
        ("<p ", "a=\"b\"", ">x"),
        ("<p", " a='b'", ">x"),
        ("<p", " a=b", ">x"),
        ("<p", " a", ">x"),
        ("</p", " a=\"b\"", ">x"),
        ("<p", " a=\"b\"", ""),
    ] {
        let page = |count: usize| format!("y{start}{}{end}", attribute.repeat(count));
        let (few, many) = (page(MAXIMUM_ATTRIBUTES), page(200_000));
        let shown = if end.is_empty() { "y" } else { "y\n\nx" };
        assert_eq!(on_a_small_stack(move || text_of(&few)), shown, "{start}{attribute}");
        let refused = on_a_small_stack(move || extract(&many, PageExtent::Main).is_err());
        assert!(refused || !attribute.ends_with('"'), "{start}{attribute}");
    }
}

#[test]
fn attributes_are_counted_by_the_tag() {
    let page = "<p a=\"b\" c=\"d\">x</p e=\"f\">".repeat(MAXIMUM_ATTRIBUTES);
    assert!(text_of(&page).starts_with("x\n\nx"));
}

#[test]
fn hidden_elements_take_no_more_time_than_text() {
    for (start, repeated) in [
        ("<span><div hidden>", "<b></span>"),
        ("<li hidden><ul>", "<div><li></li>"),
        ("<div><span hidden>", "<div><p></div>"),
        ("<td hidden>", "<table><tr><td>"),
    ] {
        text_of(&format!("{start}{}", repeated.repeat(50_000)));
    }
}

#[test]
fn elements_nested_without_end_are_read_on_a_small_stack() {
    let page = format!("{}x{}", "<div><template>".repeat(100_000), "</template></div>".repeat(100_000));
    assert_eq!(on_a_small_stack(move || text_of(&page)), "");
    let page = format!("{}x", "<b><div>".repeat(200_000));
    assert_eq!(on_a_small_stack(move || text_of(&page)), "x");
}

proptest! {
    #[test]
    fn any_text_is_a_page(page in "(<|>|/|p|pre|script|&amp;|&#10;|\n|\r|é| |!--|\\PC){0,60}") {
        let Page { text, places, .. } = extract(&page, PageExtent::Main).expect("its tags are small");
        for (start, letter) in text.char_indices() {
            let (from, to) = places.origin(start, start + letter.len_utf8());
            prop_assert!(page.get(from..to).is_some());
        }
    }
}
