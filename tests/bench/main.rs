//! Cost of the deploy artifact: `cargo bench -p tests --bench artifact`.
//!
//! The artifact is built as for a deployment. It runs as `create-call` under a fake Lambda Runtime API, with a fake
//! DynamoDB and SQS that answer at once, all over loopback. CPU and memory are those of the artifact's own process. A
//! figure that misses its target is shown as such but fails nothing, because machines differ and a busy one is slow. A
//! wrong answer fails.
//!
//! An invocation waits five times for an answer. If nothing else happens on the machine, a processor goes to sleep each
//! time. On a virtual processor, waking it counts as CPU of the process that is woken. So the invocations are measured
//! twice. The first time they run on any processor. The second time, on Linux only, they share one processor with all
//! the fakes, which does not sleep while an answer is being made.

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

/// Number of processes that are started one after the other to measure the cold start.
const COLD_STARTS: u32 = 30;
/// Number of invocations before the measured ones. Allocations, connections and branch predictors settle meanwhile.
const WARM_UP: u32 = 500;
/// Number of measured invocations.
const INVOCATIONS: u32 = 5_000;

/// Targets for an idle machine with two cores.
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
    // Only `cargo bench` passes `--bench`. `cargo test --benches` starts this program too, and must not measure.
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

/// Measures the time from the start of a process to its first answer.
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

/// Result of many invocations of one process, one after the other, as Lambda makes them.
struct Warm {
    times: Times,
    cpu: Duration,
    memory_mb: f64,
    /// Number of requests to AWS per invocation.
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
