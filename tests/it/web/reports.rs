//! The report of a month and the error budget, as people see them.

use axum::http::StatusCode;
use fake_mcp::{FakeMcp, healthy};
use lifesign::app::monitors;
use lifesign::domain::budget::Target;
use lifesign::domain::monitor::MonitorSpec;

use super::site::Site;
use crate::support::app::TestApp;
use crate::support::engines::engines;

/// What a spreadsheet would carry out and a page would run.
const HOSTILE: &str = "=HYPERLINK(\"http://evil.example\",\"<script>alert(1)</script>\"),x";

fn promised(mut spec: MonitorSpec) -> MonitorSpec {
    spec.name = HOSTILE.to_owned();
    spec.target = Some(Target::of_percent(99.9).unwrap());
    spec.tags = vec!["prod".to_owned()];
    spec
}

/// The fields of a line of a file.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    for sign in line.chars() {
        match sign {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            sign => field.push(sign),
        }
    }
    fields.push(field);
    fields
}

engines! {
    /// Ten minutes up and some down, on the page, in the files and beside the budget.
    async fn a_month_reads_the_same_on_paper_and_in_a_spreadsheet(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let monitor = test.watch_as(&server.url(), promised).await;
        let calm = test.watch_as(&server.url(), |mut spec| {
            spec.name = "Calm".to_owned();
            spec
        }).await;
        test.round().await;
        monitors::pause(&test.app, &test.actor, calm).await.unwrap();
        test.rounds(10, 60).await;
        drop(server);
        test.rounds(1, 60).await;
        test.rounds(2, 5).await;
        test.rounds(5, 60).await;
        let owner = site.owner().await;

        let latest = owner.get("/reports?tag=prod").await;
        assert_eq!(latest.location(), "/reports/2026-10?tag=prod", "the newest whole month");
        let empty = owner.get("/reports/2026-10").await;
        assert!(empty.one(".empty").contains("Nothing was measured in October 2026"));
        assert!(empty.all("[rel=next]")[0].contains("November 2026"));

        let page = owner.get("/reports/2026-11").await;
        assert_eq!(page.one("h1"), "Uptime in November 2026");
        assert!(page.one(".head p").contains("The month so far"), "{}", page.one(".head p"));
        assert!(page.one(".head p").contains("0 of 1 target met so far"), "{}", page.one(".head p"));
        assert!(page.all("[rel=next]").is_empty(), "December has not begun");
        assert_eq!(page.all(".sla tbody th"), [HOSTILE, "Calm"]);
        let row = page.all(".sla tbody tr")[0].clone();
        let overview = test.app.store.overview(test.actor.team, monitor, test.app.clock.now()).await;
        let spent = overview.unwrap().unwrap().spent("30d");
        let share = lifesign::domain::uptime::percent(spent.uptime().unwrap());
        for part in [&*share, "nothing unknown", "99.9 % missed", "1longest 5 min 10 s"] {
            let squeezed = |text: &str| text.replace(' ', "");
            assert!(squeezed(&row).contains(&squeezed(part)), "{part}: {row}");
        }
        let incidents = page.all("table.wraps tbody tr");
        assert_eq!(incidents.len(), 1);
        for part in ["down", "refused", "not over", "5 min 10 s"] {
            assert!(incidents[0].contains(part), "{part}: {}", incidents[0]);
        }
        assert!(!page.text().contains("<script>alert"));
        let tagged = owner.get("/reports/2026-11?tag=prod").await;
        assert_eq!(tagged.all(".sla tbody tr").len(), 1);

        let file = owner.get("/reports/2026-11.csv").await;
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert!(file.header("content-disposition").contains("uptime-2026-11.csv"));
        let table = file.text();
        let lines: Vec<&str> = table.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("\"'=HYPERLINK(\"\"http"), "no formula: {}", lines[1]);
        let (head, cells) = (fields(lines[0]), fields(lines[1]));
        assert_eq!(head.len(), cells.len());
        let cell = |name: &str| &*cells[head.iter().position(|known| known == name).unwrap()];
        assert_eq!(cell("monitor_id"), monitor.to_string());
        assert_eq!((cell("is_whole"), cell("is_met"), cell("incidents")), ("false", "false", "1"));
        assert_eq!(cell("down_seconds"), (spent.down_ms / 1_000).to_string());
        assert_eq!(cell("longest_incident_seconds"), "310");
        let file = owner.get("/reports/2026-11.csv?of=incidents&tag=prod").await.text();
        assert_eq!(file.split_terminator("\r\n").count(), 2);
        assert!(file.contains(",down,2026-11-22T"), "{file}");

        let budget = owner.get(&format!("/monitors/{monitor}")).await.one("#budget");
        for part in ["99.9 % over 30 days", "of 43 min 12 s", "86.1 ×too fast", "14.4 ×too fast"] {
            assert!(budget.contains(part), "{part}: {budget}");
        }
        assert!(owner.get(&format!("/monitors/{calm}")).await.all("#budget").is_empty());

        let (rival, _) = site.rival().await;
        assert!(rival.get("/reports/2026-11").await.text().contains("Nothing was measured"));
        let theirs = rival.get("/reports/2026-11.csv").await.text();
        assert_eq!(theirs.split_terminator("\r\n").count(), 1);
        let asked = site.stranger().get("/reports/2026-11.csv").await;
        assert!(asked.location().starts_with("/login?to="), "{}", asked.location());
        for path in ["/reports/2026-12", "/reports/2026-13", "/reports/2026-1", "/reports/2026-11.pdf"] {
            assert_eq!(owner.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
