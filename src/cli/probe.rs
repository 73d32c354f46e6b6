//! `lifesign probe URL`: one check without a database, each step printed as it happens.
//!
//! Ends as monitoring plug-ins do: 0 up, 1 degraded, 2 down, 3 unknown or wrong usage. Secrets are
//! taken from headers and the environment and never printed.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::oauth::OauthArguments;
use crate::clock::Clock;
use crate::config::{self, ResolverChoice, Settings};
use crate::domain::canary::{Canary, CountsAs};
use crate::domain::id::MonitorId;
use crate::domain::lint::Level;
use crate::domain::monitor::{
    Endpoint, EndpointUrl, Expectations, Header, MonitorSpec, TIMEOUT_SECONDS, TransportChoice,
};
use crate::domain::observation::{Outcome, ProbeMemory, Step, Transport};
use crate::domain::report::CheckReport;
use crate::domain::verdict::{CheckStatus, Finding, FindingCode, Severity, judge};
use crate::net::{Guard, Names, Trust, user_agent};
use crate::probe::{Prober, Target};

/// What a wrong usage ends with.
pub(super) const USAGE: u8 = 3;
/// Width of the longest name of a step.
const NAME_WIDTH: usize = 13;
/// Width of a time.
const TIME_WIDTH: usize = 8;

/// One check of a server, printed as it happens.
#[derive(Debug, Args)]
pub(super) struct ProbeArguments {
    /// Address of the MCP server
    url: String,
    /// A header for every request, like 'X-Api-Key: secret'; may be repeated
    #[arg(long = "header", value_name = "K: V")]
    headers: Vec<String>,
    /// Environment variable that holds a bearer token
    #[arg(long, value_name = "VAR")]
    bearer_env: Option<String>,
    #[command(flatten)]
    oauth: OauthArguments,
    /// Transport to speak: auto, streamable-http or sse
    #[arg(long, default_value = "auto")]
    transport: String,
    /// Protocol version to offer instead of the latest
    #[arg(long, value_name = "V")]
    protocol_version: Option<String>,
    /// Longest time in all, 5s to 120s
    #[arg(long, default_value = "30s", value_name = "TIME")]
    timeout: String,
    /// A tool that must be listed; may be repeated
    #[arg(long = "expect-tool", value_name = "NAME")]
    expect_tools: Vec<String>,
    /// Certificates (PEM) to trust beside the usual ones
    #[arg(long, value_name = "PEM")]
    ca_file: Option<PathBuf>,
    /// Let private and loopback addresses be probed
    #[arg(long)]
    allow_private: bool,
    /// A tool to call, with its arguments: 'search={"q": "x"}'
    #[arg(long, value_name = "TOOL=JSON")]
    canary: Option<String>,
    /// Print every finding with its place in the specification, and make the few requests that some
    /// of them take
    #[arg(long)]
    lint: bool,
    /// Print the check report as JSON
    #[arg(long)]
    json: bool,
}

/// Checks once; gives what the process ends with.
pub(super) async fn run(arguments: ProbeArguments) -> ExitCode {
    match check(arguments).await {
        Ok(status) => ExitCode::from(match status {
            CheckStatus::Up => 0,
            CheckStatus::Degraded => 1,
            CheckStatus::Down => 2,
            CheckStatus::Unknown => 3,
        }),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "lifesign: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

async fn check(arguments: ProbeArguments) -> anyhow::Result<CheckStatus> {
    let settings = Settings::load(&[])?;
    let spec = spec(&arguments)?;
    let prober = prober(&arguments, &settings)?;
    let target = Target {
        timeout: spec.timeout(),
        endpoint: spec.endpoint,
        memory: ProbeMemory::default(),
        canary: spec.canary,
        monitor: MonitorId(uuid::Uuid::nil()),
        lint: arguments.lint,
    };
    let paint = Paint::for_terminal();
    let url = target.endpoint.url.redacted();
    let clock = Clock::system();
    let has_credentials = target.endpoint.has_credentials();
    let seen = if arguments.json {
        prober.probe(&target, &()).await
    } else {
        say(&format!("{}\n\n", paint.bold(&url)));
        prober
            .probe(&target, &|step: &Step| say(&line(step, paint)))
            .await
    };
    let verdict = judge(&seen, &spec.expectations, has_credentials, clock.now());
    let report = CheckReport::new(url, settings.location, seen, verdict);
    if arguments.json {
        say(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    } else {
        say(&summary(&report, arguments.lint, paint));
    }
    Ok(report.status)
}

/// The monitor that this check would be of; says which argument makes no sense.
fn spec(arguments: &ProbeArguments) -> anyhow::Result<MonitorSpec> {
    let headers = arguments
        .headers
        .iter()
        .map(|text| {
            let (name, value) = text
                .split_once(':')
                .context("--header: write it as 'Name: value'")?;
            Header::new(name, value).map_err(|error| anyhow::anyhow!("--header: {}", error.message))
        })
        .collect::<anyhow::Result<Vec<Header>>>()?;
    let bearer = arguments
        .bearer_env
        .as_deref()
        .map(|name| {
            config::secret_variable(name)
                .with_context(|| format!("--bearer-env: the variable {name} is not set"))
        })
        .transpose()?;
    let endpoint = Endpoint {
        url: EndpointUrl::parse(&arguments.url)
            .map_err(|error| anyhow::anyhow!("the URL {}", error.message))?,
        transport: TransportChoice::parse(&arguments.transport)
            .map_err(|error| anyhow::anyhow!("--transport: {}", error.message))?,
        headers,
        bearer,
        oauth: arguments.oauth.client()?,
    };
    let spec = MonitorSpec {
        timeout_seconds: seconds(&arguments.timeout)?,
        expectations: Expectations {
            tools: arguments.expect_tools.clone(),
            slow_ms: None,
        },
        canary: arguments.canary.as_deref().map(canary).transpose()?,
        ..MonitorSpec::of(endpoint)
    };
    match spec
        .faults()
        .into_iter()
        .find(|fault| fault.field != "name")
    {
        Some(fault) => anyhow::bail!("{fault}"),
        None => Ok(spec),
    }
}

/// `TOOL=JSON`; without arguments the tool alone.
fn canary(text: &str) -> anyhow::Result<Canary> {
    let (tool, arguments) = text.split_once('=').unwrap_or((text, "{}"));
    let arguments = serde_json::from_str(arguments)
        .context("--canary: write it as 'TOOL={…}', the arguments as a JSON object")?;
    Ok(Canary {
        counts_as: CountsAs::Down,
        ..Canary::of(tool.trim(), arguments)
    })
}

fn prober(arguments: &ProbeArguments, settings: &Settings) -> anyhow::Result<Prober> {
    let mut open = settings.allow_targets.clone();
    if arguments.allow_private {
        open.push_str(",private,loopback");
    }
    let guard = Guard::parse(&open).context("setting LIFESIGN_ALLOW_TARGETS")?;
    let (ca_file, origin) = match &arguments.ca_file {
        Some(path) => (Some(path), "--ca-file"),
        None => (settings.ca_file.as_ref(), "setting LIFESIGN_CA_FILE"),
    };
    let read = |path: &PathBuf| {
        std::fs::read(path).with_context(|| format!("{origin}: cannot read {}", path.display()))
    };
    let extra = ca_file.map(read).transpose()?;
    let names = match settings.resolver {
        ResolverChoice::Dns => Names::dns(),
        ResolverChoice::System => Names::system(),
    };
    let trust = Trust::new(extra.as_deref()).context(origin)?;
    let agent = user_agent(&settings.public_url);
    let prober = Prober::new(guard, names, trust, Clock::system(), &agent);
    Ok(match &arguments.protocol_version {
        Some(version) => prober.offering(version),
        None => prober,
    })
}

/// Whole seconds out of `30s`, `2m` or `30`, within the bounds of a probe.
fn seconds(text: &str) -> anyhow::Result<u32> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let (least, most) = (TIMEOUT_SECONDS.start(), TIMEOUT_SECONDS.end());
    number
        .parse::<u32>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|seconds| TIMEOUT_SECONDS.contains(seconds))
        .with_context(|| format!("--timeout: must be between {least}s and {most}s"))
}

/// Output that nobody reads any more is no reason to fail.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn line(step: &Step, paint: Paint) -> String {
    let name = step.name.as_str();
    let time = time(step.ms);
    let mark = match step.outcome {
        Outcome::Ok => paint.good("✓"),
        Outcome::Failed => paint.bad("✗"),
    };
    let detail = step.detail.as_deref().unwrap_or_default();
    let text = format!("  {mark} {name:<NAME_WIDTH$} {time:>TIME_WIDTH$}  {detail}");
    format!("{}\n", text.trim_end())
}

fn time(ms: f64) -> String {
    if ms < 10_000.0 {
        format!("{ms:.1} ms")
    } else {
        format!(
            "{:.1} s",
            Duration::from_secs_f64(ms / 1_000.0).as_secs_f64()
        )
    }
}

fn summary(report: &CheckReport, lint: bool, paint: Paint) -> String {
    let word = report.status.as_str().to_uppercase();
    let word = match report.status {
        CheckStatus::Up => paint.good(&word),
        CheckStatus::Degraded | CheckStatus::Unknown => paint.doubtful(&word),
        CheckStatus::Down => paint.bad(&word),
    };
    let gated = if report.gated { " (gated)" } else { "" };
    let mut lines = vec![String::new()];
    match &report.failure {
        Some(failure) => {
            lines.push(format!("{word}{gated}  {}", failure.message));
            lines.push(format!("  {} ({})", failure.hint, failure.code.as_str()));
        }
        None => lines.push(format!("{word}{gated}  {}", in_words(report))),
    }
    lines.extend(report.findings.iter().filter_map(|f| remark(f, lint)));
    if let Some(curl) = &report.curl
        && report.status != CheckStatus::Up
    {
        lines.extend([
            String::new(),
            "To repeat it:".to_owned(),
            format!("  {curl}"),
        ]);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A finding as a line. Advice of the lints is for those who asked for it.
fn remark(finding: &Finding, lint: bool) -> Option<String> {
    let word = match finding.severity {
        Severity::Info if !lint && matches!(finding.code, FindingCode::Lint(_)) => return None,
        Severity::Info => "note",
        Severity::Warning => "warning",
    };
    let mut place = vec![finding.code.as_str()];
    if lint {
        place.extend(finding.level.map(Level::as_str));
        place.extend(finding.spec.as_deref());
    }
    Some(format!(
        "  {word}: {} ({})",
        finding.message,
        place.join(", ")
    ))
}

/// What is up, in one sentence.
fn in_words(report: &CheckReport) -> String {
    let mut parts = Vec::new();
    if let Some(protocol) = &report.protocol {
        let server = protocol
            .server
            .as_ref()
            .and_then(|server| server.name.as_deref());
        let versions = [&protocol.version, &protocol.legacy_version];
        let versions: Vec<&str> = versions.into_iter().flatten().map(String::as_str).collect();
        let version = versions.join(" and ");
        let transport = match protocol.transport {
            Some(Transport::Sse) => "HTTP+SSE",
            _ => "Streamable HTTP",
        };
        let server = server.unwrap_or("The server");
        parts.push(format!("{server} speaks MCP {version} over {transport}"));
    }
    if let Some(tools) = &report.tools {
        parts.push(format!(
            "{} tool{}",
            tools.count,
            if tools.count == 1 { "" } else { "s" }
        ));
    }
    if let Some(total) = report.timings_ms.total {
        parts.push(time(total));
    }
    parts.join(", ")
}

/// Colour, where there is a terminal that wants it.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn for_terminal() -> Self {
        Self(std::io::stdout().is_terminal() && !config::is_colour_unwanted())
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    fn bad(self, text: &str) -> String {
        self.with("31;1", text)
    }

    fn doubtful(self, text: &str) -> String {
        self.with("33;1", text)
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_within_their_bounds() {
        assert_eq!(seconds("30s").unwrap(), 30);
        assert_eq!(seconds("2m").unwrap(), 120);
        assert_eq!(seconds("5").unwrap(), 5);
        for wrong in ["", "s", "1s", "3m", "-5s", "half a minute"] {
            assert!(
                seconds(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("between 5s and 120s")
            );
        }
    }
}
