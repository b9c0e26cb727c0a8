//! `report.html` in a browser: what it looks like on a desk, on a phone and in the dark, and whether it can be read by
//! keyboard and by screen reader. The report is a real one, of an integration with gaps; nobody's eyes are replaced:
//! `WRITE_SCREENSHOTS=1` writes what the tests looked at to `docs/screenshots/`, for people to look at, too.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod browser;
mod picture;
mod sample;

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Completion, Trial};
use serde_json::{Value, json};

use browser::{Browser, DARK, DESKTOP, NARROW_AND_DARK, PHONE, Page, View};
use picture::Picture;
use sample::Sample;

const AUDIT: &str = include_str!("audit.js");
const SCREENSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/screenshots");
const TOOLS: [&str; 3] = ["chromium", "curl", "nginx"];

/// The report and the browser that all tests share, made by the first that needs them.
#[derive(Default)]
struct Shared(Mutex<Option<(Sample, Browser)>>);

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&Sample, &mut Browser) -> T) -> T {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (sample, browser) = shared.get_or_insert_with(|| (Sample::played(), Browser::start()));
        work(sample, browser)
    }
}

type Test = fn(&Sample, &mut Browser);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let shared = Arc::<Shared>::default();
    let tests: [(&str, Test); 8] = [
        ("on_a_desk_it_fits_and_says_the_gaps_first", on_a_desk),
        ("on_a_phone_it_fits_and_says_the_gaps_first", on_a_phone),
        ("in_the_dark_it_is_dark", in_the_dark),
        ("a_scenario_is_a_picture_that_can_be_read", a_scenario),
        ("no_accessibility_fault_is_found", no_fault),
        ("faults_made_on_purpose_are_found", faults_are_found),
        ("the_keyboard_reaches_everything_in_order", keyboard),
        ("nothing_is_fetched", nothing_is_fetched),
    ];
    let mut trials: Vec<_> = tests.into_iter().map(|(name, test)| trial(name, Arc::clone(&shared), test)).collect();
    trials.push(axe(Arc::clone(&shared)));
    drop(shared);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, shared: Arc<Shared>, test: Test) -> Trial {
    Trial::ignorable_test(name, move || {
        let harness = env!("CARGO_BIN_EXE_thales-harness-under-test");
        let missing = needs::programs(&TOOLS).or_else(|| needs::private(harness));
        needs::met(missing, || shared.with(test))
    })
}

/// A second opinion, where somebody has it: `AXE` names the file `axe.min.js` of the npm package axe-core.
fn axe(shared: Arc<Shared>) -> Trial {
    Trial::ignorable_test("axe_finds_nothing", move || {
        let Some(axe) = env::var_os("AXE").filter(|_| needs::programs(&TOOLS).is_none()) else {
            return Ok(Completion::ignored_with("needs the variable AXE: the path of axe-core's axe.min.js"));
        };
        let axe = fs::read_to_string(axe)?;
        shared.with(|sample, browser| {
            for view in [DESKTOP, DARK, PHONE] {
                let mut page = opened(browser, &sample.page, view);
                page.value(&format!("{axe};0"));
                let found = page.value(
                    "axe.run().then(found => found.violations.map(fault => fault.id + ': ' + fault.help + ' ' + \
                     fault.nodes.slice(0, 3).map(node => node.html).join(' | ')))",
                );
                assert_eq!(found, json!([]), "{view:?}");
            }
        });
        Ok(Completion::Completed)
    })
}

fn on_a_desk(sample: &Sample, browser: &mut Browser) {
    let picture = looked_at(sample, browser, DESKTOP, "report-desktop");
    assert_eq!(picture.paper().0, [255, 255, 255]);
}

fn on_a_phone(sample: &Sample, browser: &mut Browser) {
    looked_at(sample, browser, PHONE, "report-phone");
}

fn in_the_dark(sample: &Sample, browser: &mut Browser) {
    let picture = looked_at(sample, browser, DARK, "report-dark");
    let (paper, _) = picture.paper();
    assert!(paper.iter().all(|part| *part < 0x30), "{paper:?}");
    assert!(!picture.has([255, 255, 255]), "something stayed white");
}

/// The first screen: what a reader sees without touching anything.
fn looked_at(sample: &Sample, browser: &mut Browser, view: View, name: &str) -> Picture {
    let mut page = browser.open(&sample.page, view);
    fits(&mut page, view);
    let seen = page.value(
        "[...document.querySelectorAll('h1,.badge,#gaps,h3')].filter(node => { const at = node.getBoundingClientRect(); \
         return at.top >= 0 && at.bottom <= innerHeight && at.left >= 0 && at.right <= innerWidth; })\
         .map(node => node.textContent)",
    );
    let seen: Vec<&str> = seen.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for words in ["acme-issuer-backend 2.4.1", "Readiness: not-ready", "Gaps", "A MUST failed"] {
        assert!(seen.contains(&words), "{words} is not on the first screen: {seen:?}");
    }
    let picture = page.screenshot();
    kept(name, &picture);
    let picture = Picture::read(&picture);
    let (width, height) = view.size;
    assert_eq!(picture.size, (width * view.scale, height * view.scale));
    let (_, paper) = picture.paper();
    assert!((0.5..0.98).contains(&paper), "{paper} of it is paper");
    assert!(picture.colours() > 50, "{} colours", picture.colours());
    picture
}

/// No part of the page is wider than the screen, whatever is opened.
fn fits(page: &mut Page<'_>, view: View) {
    for open in ["", "document.querySelectorAll('details').forEach(part => part.open = true);"] {
        let widths =
            page.value(&format!("{open}[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]"));
        let [width, body, screen] = [0, 1, 2].map(|index| widths[index].as_u64().unwrap());
        assert_eq!(screen, u64::from(view.size.0));
        assert!(width <= screen && body <= screen, "{width} and {body} on a screen of {screen}");
    }
    page.value("document.querySelectorAll('details').forEach(part => part.open = false); scrollTo(0, 0)");
}

fn a_scenario(sample: &Sample, browser: &mut Browser) {
    let mut page = browser.open(&sample.page, DESKTOP);
    let found = page.value(
        "(() => { const place = document.querySelector('[id^=\"s-dns-address-change\"]'); place.parentElement.open = true; \
         const picture = place.querySelector('svg'); picture.scrollIntoView(); const at = picture.getBoundingClientRect(); \
         const outside = [...picture.querySelectorAll('text,line,rect,polygon,circle')].filter(part => { \
         const own = part.getBoundingClientRect(); return own.left < at.left - 1 || own.right > at.right + 1 || \
         own.top < at.top - 1 || own.bottom > at.bottom + 1; }).map(part => part.outerHTML); \
         return { outside, lanes: picture.querySelectorAll('.lane').length, ttl: picture.querySelectorAll('rect.ttl').length, \
         changes: picture.querySelectorAll('.change-label').length }; })()",
    );
    assert_eq!(found["outside"], json!([]));
    for (part, least) in [("lanes", 3), ("ttl", 1), ("changes", 1)] {
        assert!(found[part].as_u64().unwrap() >= least, "{part}: {found}");
    }
    let picture = page.screenshot();
    kept("scenario", &picture);
    assert!(Picture::read(&picture).colours() > 50);
}

fn no_fault(sample: &Sample, browser: &mut Browser) {
    for view in [DESKTOP, DARK, PHONE, NARROW_AND_DARK] {
        let mut page = opened(browser, &sample.page, view);
        let found = page.value(AUDIT);
        assert_eq!(found["faults"], json!([]), "{view:?}");
        // The audit looked at something.
        assert!(found["texts"].as_u64().unwrap() > 500, "{found}");
    }
    // What is heard does not depend on what it looks like.
    let mut page = opened(browser, &sample.page, DESKTOP);
    assert_eq!(unheard(&mut page), Vec::<String>::new());
}

/// What a screen reader would come upon without a name, in the browser's accessibility tree.
fn unheard(page: &mut Page<'_>) -> Vec<String> {
    let tree = page.ask("Accessibility.getFullAXTree", &json!({}));
    let mut unheard = Vec::new();
    let mut heard = 0;
    for node in tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] != true) {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        let name = node["name"]["value"].as_str().unwrap_or_default().trim();
        let wants = [
            "link",
            "button",
            "image",
            "img",
            "heading",
            "table",
            "region",
            "navigation",
            "columnheader",
            "rowheader",
            "DisclosureTriangle",
            "textbox",
            "RootWebArea",
        ];
        if wants.contains(&role) {
            heard += 1;
            if name.is_empty() {
                unheard.push(format!("{role} without a name"));
            }
        }
    }
    assert!(heard > 0, "the tree is empty");
    unheard
}

/// An audit that finds nothing proves something only if it can find.
fn faults_are_found(sample: &Sample, browser: &mut Browser) {
    let good = fs::read_to_string(&sample.short).unwrap();
    let spoilt = |what: &str, with: &str| {
        assert!(good.contains(what), "the page has no {what}");
        good.replacen(what, with, 1)
    };
    let faults = [
        (spoilt("<html lang=\"en\">", "<html>"), "the language is not named"),
        (spoilt("<h1>", "<h2>").replacen("</h1>", "</h2>", 1), "there is not exactly one h1"),
        (spoilt("<h2 id=\"gaps\">", "<h4 id=\"gaps\">").replacen("</h2>", "</h4>", 1), "a heading leaps from level 1"),
        (spoilt("<th scope=\"col\">", "<th>"), "a head without a scope"),
        (spoilt("<caption>", "<caption hidden=\"\"></caption><caption>"), "a table without a caption"),
        (spoilt("href=\"#gaps\"", "href=\"#nowhere\""), "a link to nowhere"),
        (spoilt("<main id=\"main\">", "<p id=\"main\">out</p><main>"), "content outside every landmark"),
        (spoilt("--soft:#57606a", "--soft:#a0a0a0"), "contrast of 2."),
        (spoilt("role=\"img\" aria-label=", "role=\"img\" data-label="), "a picture without a name"),
        (spoilt("tabindex=\"0\"", "tabindex=\"3\""), "an order of its own"),
        (spoilt("</footer>", "</footer><script>1</script>"), "nothing that runs"),
    ];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spoilt.html");
    for (text, expected) in faults {
        fs::write(&path, text).unwrap();
        let found = opened(browser, &path, DESKTOP).value(AUDIT);
        let is_found =
            found["faults"].as_array().unwrap().iter().any(|fault| fault.as_str().unwrap().starts_with(expected));
        assert!(is_found, "{expected}: not among {}", found["faults"]);
    }
    fs::write(&path, "<a href=\"#\"></a><h2></h2>").unwrap();
    assert_eq!(unheard(&mut browser.open(&path, DESKTOP)).len(), 3, "link, heading, and the page itself");
    fs::write(&path, spoilt("<main id=\"main\">", "<main id=\"main\"><p style=\"width:1400px\">wide</p>")).unwrap();
    let width = browser.open(&path, DESKTOP).value("document.documentElement.scrollWidth");
    assert!(width.as_u64().unwrap() > 1280, "an overflow is measured");
}

/// The tabulator meets what can be operated in the order in which it is written, and each shows that it is met.
fn keyboard(sample: &Sample, browser: &mut Browser) {
    let mut page = browser.open(&sample.page, DESKTOP);
    let count = page.value(
        "(window.places = [...document.querySelectorAll('a[href],summary,[tabindex=\"0\"]')]\
         .filter(node => node.checkVisibility())).length",
    );
    let count = count.as_u64().unwrap();
    assert!(count > 40, "{count}");
    for index in 0..count.min(60) {
        page.tab();
        let met = page.value(
            "(() => { const met = document.activeElement, style = getComputedStyle(met), at = met.getBoundingClientRect(); \
             return { at: places.indexOf(met), what: met.outerHTML.slice(0, 80), outline: style.outlineStyle !== 'none', \
             seen: at.width > 0 && at.right > 0 && at.bottom > 0 && at.top < innerHeight }; })()",
        );
        assert_eq!(met["at"], index, "{met}");
        assert!(met["outline"] == true && met["seen"] == true, "{met}");
    }
}

fn nothing_is_fetched(sample: &Sample, browser: &mut Browser) {
    let mut page = opened(browser, &sample.page, DESKTOP);
    // An answer is read after every event before it.
    page.value("0");
    assert_eq!(page.requested, [format!("file://{}", sample.page.display())]);
}

/// The page with everything opened.
fn opened<'a>(browser: &'a mut Browser, file: &Path, view: View) -> Page<'a> {
    let mut page = browser.open(file, view);
    page.value("document.querySelectorAll('details').forEach(part => part.open = true)");
    page
}

/// Written to the papers where that is wanted; else what stands there has the same size.
fn kept(name: &str, picture: &[u8]) {
    let path = Path::new(SCREENSHOTS).join(name).with_extension("png");
    if env::var_os("WRITE_SCREENSHOTS").is_some_and(|value| value == "1") {
        fs::create_dir_all(SCREENSHOTS).unwrap();
        fs::write(&path, picture).unwrap();
        return;
    }
    let known = fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; WRITE_SCREENSHOTS=1 cargo test -p conformance-tests --test pages writes it",
            path.display()
        )
    });
    assert_eq!(Picture::read(&known).size, Picture::read(picture).size, "{}", path.display());
}
