//! What the deploy artifact costs: `cargo bench -p tests --bench artifact`.
//!
//! It is built as for a deployment and run as `create-call` under a fake Lambda Runtime API, with a fake DynamoDB and SQS
//! that answer at once, all over loopback. CPU and memory are the artifact's own process's. A figure that misses its
//! target is shown as that and fails nothing: machines differ, and a busy one is slow. A wrong answer fails.
//!
//! An invocation waits five times for an answer. Where nothing else happens on the machine, a processor goes to sleep each time, and
//! on a virtual one waking it counts as CPU of whoever is woken. So the invocations are measured twice: on processors as they come,
//! and, on Linux, on one processor together with all the fakes, which does not sleep while there is an answer to be made.

mod artifact;
mod aws;
mod figures;
mod requests;
mod runtime_api;
mod wire;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::artifact::Process;
use self::aws::Aws;
use self::figures::{Report, Target, Times};
use self::requests::Requests;
use self::runtime_api::RuntimeApi;

type Failure = Box<dyn Error + Send + Sync>;

/// How many processes are started, one after the other, for the cold start.
const COLD_STARTS: u32 = 30;
/// How many invocations go before those that are measured: allocations, connections and branch predictors settle.
const WARM_UP: u32 = 500;
/// How many invocations are measured.
const INVOCATIONS: u32 = 5_000;

/// What is to be reached on an idle machine of two cores.
mod targets {
    use std::time::Duration;

    pub(crate) const COLD_START: Duration = Duration::from_millis(8);
    pub(crate) const CPU: Duration = Duration::from_micros(350);
    pub(crate) const MEMORY_MB: f64 = 14.0;
    pub(crate) const REQUESTS: f64 = 3.0;
    pub(crate) const SIZE_MB: f64 = 10.0;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo bench` says so; `cargo test --benches` starts this too, and is not meant.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let given = arguments.iter().position(|argument| argument == "--artifact").map(|place| arguments.get(place + 1));
    let path = match given {
        Some(path) => PathBuf::from(path.ok_or("--artifact needs a path")?),
        None => artifact::build()?,
    };
    let aws = Aws::start().await?;
    let mut requests = Requests::new(&aws.seed().await?)?;
    let mut report = Report::default();
    println!("{}", path.display());
    cold(&path, &aws, &mut requests, &mut report).await?;
    let warm = Warm::measured(&path, &aws, &mut requests).await?;
    report.figure("warm, p50", Target::none_of(warm.times.median()).about(format!("of {INVOCATIONS}")));
    report.figure("warm, p99", Target::none_of(warm.times.percentile(99)));
    report.figure("warm, CPU per invocation", Target::time(warm.cpu, targets::CPU));
    report.figure("peak memory", Target::megabytes(warm.memory_mb, targets::MEMORY_MB));
    report
        .figure("AWS requests per invocation", Target::count(warm.requests, targets::REQUESTS).about(warm.operations));
    if artifact::stay_on_one_processor()? {
        let warm = Warm::measured(&path, &aws, &mut requests).await?;
        report.figure("on one processor: warm, p50", Target::none_of(warm.times.median()));
        report.figure("on one processor: CPU", Target::time(warm.cpu, targets::CPU).about("per invocation".to_owned()));
    }
    report.figure("artifact, stripped", Target::megabytes(artifact::size_mb(&path)?, targets::SIZE_MB));
    println!("{report}");
    println!("{}", artifact::load()?);
    Ok(())
}

/// From the start of a process to its first answer.
async fn cold(path: &Path, aws: &Aws, requests: &mut Requests, report: &mut Report) -> Result<(), Failure> {
    let (mut times, mut cpu) = (Times::default(), Times::default());
    for _ in 0..COLD_STARTS {
        let mut runtime = RuntimeApi::start().await?;
        runtime.invoke(requests.next()?)?;
        let started = figures::now();
        let mut process = Process::start(path, runtime.address(), aws.address())?;
        let answer = process.unless_it_ends(runtime.answer()).await?;
        times.add(answer.at.duration_since(started));
        cpu.add(process.cpu()?);
        requests::check(&answer)?;
        process.stop().await?;
    }
    let about = format!("median of {COLD_STARTS}: {}", times.range());
    report.figure("cold start, spawn to first answer", Target::time(times.median(), targets::COLD_START).about(about));
    report.figure("cold start, CPU", Target::none_of(cpu.median()).about(format!("median: {}", cpu.range())));
    Ok(())
}

/// What one process does with many invocations, one after the other, as Lambda makes them.
struct Warm {
    times: Times,
    cpu: Duration,
    memory_mb: f64,
    /// To AWS, per invocation; and which.
    requests: f64,
    operations: String,
}

impl Warm {
    async fn measured(path: &Path, aws: &Aws, requests: &mut Requests) -> Result<Self, Failure> {
        let mut runtime = RuntimeApi::start().await?;
        let mut process = Process::start(path, runtime.address(), aws.address())?;
        for _ in 0..WARM_UP {
            runtime.invoke(requests.next()?)?;
            requests::check(&process.unless_it_ends(runtime.answer()).await?)?;
        }
        aws.forget_requests();
        let before = process.cpu()?;
        let mut times = Times::default();
        for _ in 0..INVOCATIONS {
            runtime.invoke(requests.next()?)?;
            let answer = process.unless_it_ends(runtime.answer()).await?;
            times.add(answer.at.duration_since(answer.handed_over));
            requests::check(&answer)?;
        }
        let cpu = (process.cpu()? - before) / INVOCATIONS;
        let (requests, operations) = aws.requests_per(INVOCATIONS);
        let memory_mb = process.peak_memory_mb()?;
        process.stop().await?;
        Ok(Self { times, cpu, memory_mb, requests, operations })
    }
}
