//! What a pipeline grants: in every language a plugin calls servers and asks for its store by its SDK,
//! and what fails is an error of that language.
//!
//! Rust has neither in its SDK: there a plugin uses the crate `wasip2`, as `plugins/rates` does.

mod guest;
mod seen;

use millstream_tests::{
    Project, is_ready, millstream_in, millstream_unhurried, ready_examples, repository,
};
use seen::{LARGE, RATE, TOO_LARGE, seen};

#[test]
fn a_plugin_calls_the_server_that_is_granted_and_publishes_its_answer() {
    for seen in seen() {
        let guest = seen.guest;
        let path = format!("/{guest}/rates?of=USD");
        let call = seen.calls.iter().find(|call| call.path == path);
        let call = call.unwrap_or_else(|| panic!("{guest}: nobody called {path}"));
        assert_eq!(call.header("x-asked"), Some("yes"), "{guest}");
        assert_eq!(call.header("content-length"), Some(&*LARGE.to_string()), "{guest}");
        assert_eq!(call.text(), "y".repeat(LARGE), "{guest}");
        let output = seen.output("status", "200");
        assert_eq!(output["payload"], RATE, "{guest}");
        assert_eq!(seen.output("length", "4"), output, "{guest}");
    }
}

#[test]
fn any_status_is_an_answer() {
    for seen in seen() {
        assert_eq!(seen.output("status", "404")["payload"], RATE, "{}", seen.guest);
    }
}

#[test]
fn a_server_that_is_not_granted_is_an_error_that_says_so_and_is_not_called() {
    for seen in seen() {
        let error = seen.error("ungranted");
        assert!(error.starts_with("reject: http-request-denied: GET http://127.0.0.1:"), "{error}");
        let why = "the pipeline does not grant this server: `grants.http` does not list it";
        assert!(error.contains(why), "{}: {error}", seen.guest);
        assert_eq!(seen.strayed, 0, "{}", seen.guest);
    }
}

#[test]
fn an_error_that_nobody_looks_at_is_a_retry_with_its_text_and_without_secrets() {
    for seen in seen() {
        let error = seen.error("gone");
        assert!(error.starts_with("retry: POST http://127.0.0.1:"), "{}: {error}", seen.guest);
        assert!(error.contains(": connection refused"), "{}: {error}", seen.guest);
        assert!(!error.contains("secret"), "{}: {error}", seen.guest);
    }
}

#[test]
fn an_answer_that_is_too_large_is_an_error_that_names_the_limit() {
    for seen in seen() {
        let error = seen.error("large answer");
        let why = format!("the answer has more than {} bytes", TOO_LARGE - 1);
        assert!(error.starts_with("reject: http-response-body-size: "), "{}: {error}", seen.guest);
        assert!(error.contains(&why), "{}: {error}", seen.guest);
    }
}

#[test]
fn a_url_that_is_none_is_an_error_before_anybody_is_called() {
    for seen in seen() {
        let error = seen.error("no url");
        let why =
            "reject: invalid-url: GET rates.example.com: a URL begins with http:// or https://";
        assert!(error.starts_with(why), "{}: {error}", seen.guest);
        let error = seen.error("bad method");
        assert!(error.contains("the method or the URL is malformed"), "{}: {error}", seen.guest);
    }
}

#[test]
fn a_store_that_is_not_there_yet_is_an_error_that_says_so() {
    let why = "the grant `keyvalue` has no store yet: state is not available in this version";
    for seen in seen() {
        let error = seen.error("keep");
        assert!(error.starts_with(&format!("retry: {why}")), "{}: {error}", seen.guest);
        let error = seen.error("keep else reject");
        assert!(error.starts_with(&format!("reject: store: {why}")), "{}: {error}", seen.guest);
    }
}

/// Though the worlds of Go and C have all of it.
#[test]
fn a_plugin_that_calls_nobody_needs_no_grant() {
    for example in ready_examples() {
        let folder = repository().join("plugins").join(example.plugin);
        let told = millstream_unhurried(["build".as_ref(), folder.as_os_str()]).success().stdout;
        assert!(told.contains("grants    none needed"), "{}: {told}", example.language);
    }
}

#[test]
fn a_python_plugin_of_another_world_does_not_build_and_learns_which_it_needs() {
    if !is_ready("python") {
        return;
    }
    for (module, world) in
        [("http", "http-batch-consumer"), ("keyvalue", "keyvalue-batch-consumer")]
    {
        let project = Project::new();
        let _ = millstream_in(project.folder(), ["new", "shout", "--lang", "python"]).success();
        let source = std::fs::read_to_string(project.path("shout/plugin.py")).expect("it is there");
        project.write("shout/plugin.py", format!("from millstream import {module}\n{source}"));
        let failed = millstream_unhurried(["build".as_ref(), project.path("shout").as_os_str()]);
        assert_eq!(failed.code, Some(1), "{failed:#?}");
        assert!(failed.stderr.contains(&format!("`-w {world}`")), "{failed:#?}");
    }
}
