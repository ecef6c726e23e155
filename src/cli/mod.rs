//! The command line: every chore of those who design routes and run the service, each with `--json`. Exit codes: 0 done, 1 the
//! work failed or was refused, 2 wrong usage.

mod assets;
mod audit;
mod design;
mod keys;
mod moving;
mod output;
mod ready;
mod runtime;
mod simulate;
mod upkeep;
mod work;

use crate::ambient::Ambient;
use crate::config::{self, Config, Given};
use crate::store::SLOW_STATEMENTS;
use crate::traces::{self, Traces};
use crate::{app, http};
use anyhow::{Result, anyhow};
use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

#[derive(Parser)]
#[command(
    name = "studyroute",
    version,
    about = "Location-based AR study routes: nearby exhibits, check-ins, participant counts"
)]
struct Cli {
    #[command(subcommand)]
    command: Task,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Serve visitors until SIGTERM
    Serve,
    #[command(flatten)]
    Design(design::DesignTask),
    /// Check route files and name every mistake
    Validate {
        /// Route files, or folders with route.geojson in them
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Print exact counts
    Counts(work::CountArgs),
    /// Print who did what, newest first; also what was refused
    Audit(audit::AuditArgs),
    /// Make, list, rotate and revoke keys of operators, designers and admins
    Key {
        #[command(subcommand)]
        command: keys::KeyTask,
    },
    /// Keep, list and remove the files of exhibits
    Asset {
        #[command(subcommand)]
        command: assets::AssetTask,
    },
    /// Copy the database, SQLite or PostgreSQL, into one SQLite file while it is in use: written beside, verified, then renamed
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Put a copy back in the place of the database, which is moved aside, or into an empty PostgreSQL database; whoever was
    /// erased since is erased again
    Recover {
        /// A file that `backup` made
        file: PathBuf,
    },
    /// Erase again whoever the journal of erasures names, after other tools have put the database back
    EraseAgain,
    /// Bring the tables of the database up to date; `serve` does it too, but not through a pooler
    Migrate,
    /// Check that the database is sound, that everything published can be read, and that counters equal the log
    Verify,
    /// Count the whole log again and compare it with the counters, which can be mended
    Recount(work::RecountArgs),
    /// Move everything into another database, SQLite or PostgreSQL, while the first goes on serving; checked by counts and hashes
    MigrateStore(moving::MoveArgs),
    /// Ask the server on this machine, at the setting listen, whether it is ready; exits with 1 when it is not
    Ready,
    /// Play a day of visitors against a running service, and tell how it answered and whether every check-in is there once
    Simulate(simulate::SimulateArgs),
    /// Print all settings and where each comes from
    Config,
    /// Print the OpenAPI document
    Openapi,
    /// Print shell completions
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

fn command() -> Command {
    Cli::command().args(config::args())
}

/// Runs the program on its arguments.
#[must_use]
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    let settings = Given::gather(&matches).and_then(|given| Config::parse(&given).map(|config| (given, config)));
    let (cli, (given, config)) = match (Cli::from_arg_matches(&matches), settings) {
        (Ok(cli), Ok(settings)) => (cli, settings),
        (Err(error), _) => error.exit(),
        (_, Err(error)) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    match run(cli, &given, config) {
        Ok(code) => code,
        // Whoever read the output has seen enough, as `| head` does.
        Err(error) if error.root_cause().downcast_ref().is_some_and(is_broken_pipe) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

fn run(cli: Cli, given: &Given, config: Config) -> Result<ExitCode> {
    let out = Output::new(cli.json);
    let is_server = matches!(cli.command, Task::Serve);
    let traces = config.traces.as_ref().filter(|_| is_server).map(Traces::start).transpose();
    let traces = traces.map_err(|error| anyhow!("traces cannot be told: {error}"))?;
    log_to_stderr(&config.log, is_server, traces.as_ref());
    let runtime = runtime::start()?;
    let ambient = Ambient::system();
    let done = |()| ExitCode::SUCCESS;
    match cli.command {
        Task::Serve => {
            let served = runtime.block_on(serve(config, ambient));
            traces.into_iter().for_each(Traces::end);
            served.map(done)
        }
        Task::Design(task) => runtime.block_on(design::run(&config, &ambient, task, &out)),
        Task::Validate { paths } => work::validate(&paths, &out),
        Task::Counts(args) => runtime.block_on(work::counts(&config, &ambient, &args, &out)),
        Task::Audit(args) => runtime.block_on(audit::run(&config, args, &out)),
        Task::Key { command } => runtime.block_on(keys::run(&config, &ambient, command, &out)),
        Task::Asset { command } => runtime.block_on(assets::run(&config, &ambient, command, &out)),
        Task::Backup { file } => runtime.block_on(upkeep::backup(&config, &file, &out)).map(done),
        Task::Recover { file } => runtime.block_on(upkeep::recover(&config, &ambient, &file, &out)).map(done),
        Task::EraseAgain => runtime.block_on(upkeep::erase_again(&config, &out)).map(done),
        Task::Migrate => runtime.block_on(upkeep::migrate(&config, &out)).map(done),
        Task::Verify => runtime.block_on(upkeep::verify(&config, &out)),
        Task::Recount(args) => runtime.block_on(work::recount(&config, &ambient, &args, &out)),
        Task::MigrateStore(args) => runtime.block_on(moving::run(&config, &args, &out)),
        Task::Ready => runtime.block_on(ready::ask(&config, &out)),
        Task::Simulate(args) => runtime.block_on(simulate::run(&ambient, args, &out)),
        Task::Config => {
            let rows = given.shown().map(|(name, value, origin)| [name.to_string(), value, origin.to_string()]);
            out.table(["setting", "value", "from"], rows.collect()).map(done)
        }
        Task::Openapi => Output::document(&http::api_document()).map(done),
        Task::Completions { shell } => {
            clap_complete::generate(shell, &mut command(), "studyroute", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The server logs JSON; other commands say only what is wrong, in plain words: that they read everything and take a while is
/// not wrong. Spans are for traces alone.
fn log_to_stderr(filter: &str, is_server: bool, traces: Option<&Traces>) {
    let told = if is_server { filter.to_string() } else { format!("warn,{SLOW_STATEMENTS}=error") };
    let filter = format!("{told},{}=off", traces::TARGET).parse::<EnvFilter>().unwrap_or_default();
    let log = fmt::layer().with_writer(std::io::stderr);
    if is_server {
        let log = log.json().flatten_event(true).with_filter(filter);
        tracing_subscriber::registry().with(log).with(traces.map(Traces::layer)).init();
    } else {
        tracing_subscriber::registry().with(log.without_time().with_filter(filter)).init();
    }
}

async fn serve(config: Config, ambient: Ambient) -> Result<()> {
    let stop = CancellationToken::new();
    let on_signal = stop.clone();
    tokio::spawn(async move {
        signal().await;
        on_signal.cancel();
        // Whoever asks twice does not want to wait.
        signal().await;
        tracing::warn!("ended by a second signal");
        std::process::exit(1);
    });
    app::serve(config, ambient, stop).await
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without signals there is nothing to wait for; the process runs until it is killed.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
