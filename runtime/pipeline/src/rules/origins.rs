//! MS0403: a grant of http lists the origins that a plugin may call.

use super::Context;
use crate::code::Code;
use crate::declaration::HttpGrant;
use crate::forms::origin;
use crate::report::Report;

pub(super) fn check(context: &Context<'_>, report: &mut Report) {
    for (route, _, plugin) in context.plugins() {
        let route = route.key("grants").key("http");
        match plugin.grants.as_ref().and_then(|grants| grants.http.as_ref()) {
            Some(HttpGrant::Any(true)) => {
                let message = "http to every host is not granted: a grant names its origins";
                let help = "list them: `http: [\"https://rates.example.com\"]`";
                report.add(Code::BadHttpGrant, route, message.to_owned(), help);
            }
            Some(HttpGrant::Hosts(hosts)) => {
                for (index, host) in hosts.iter().enumerate() {
                    if let Err((message, help)) = origin(host) {
                        report.add(Code::BadHttpGrant, route.index(index), message, help);
                    }
                }
            }
            Some(HttpGrant::Any(false)) | None => {}
        }
    }
}
