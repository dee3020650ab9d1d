//! Build, start and measurement of the deploy artifact.

use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
use serde_json::Value;
use tokio::process::Child;

use crate::Failure;
use crate::aws::{QUEUE_URL, REGION, TABLE};

/// Function that is measured: a POST with three requests to AWS.
const HANDLER: &str = "create-call";

const MEGABYTE: f64 = 1_000_000.0;

/// Builds the artifact with the deployment's profile and returns its path.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "functions", "--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !built.status.success() {
        return Err("the artifact could not be built".into());
    }
    let messages = String::from_utf8(built.stdout)?;
    let executable = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    });
    executable.ok_or_else(|| "cargo built no executable".into())
}

/// Returns the size of the artifact in megabytes.
pub(crate) fn size_mb(path: &Path) -> Result<f64, Failure> {
    let bytes = u32::try_from(fs::metadata(path)?.len())?;
    Ok(f64::from(bytes) / MEGABYTE)
}

/// Returns a line about the load of the machine, which affects the times.
pub(crate) fn load() -> Result<String, Failure> {
    let averages = fs::read_to_string("/proc/loadavg")?;
    let average = averages.split(' ').next().unwrap_or_default();
    Ok(format!("Load average of this machine during the last minute: {average}. The targets are for an idle one."))
}

/// Pins this thread, and every process started from now on, to its current processor. Returns `false` if the system
/// does not support that.
#[cfg(target_os = "linux")]
pub(crate) fn stay_on_one_processor() -> Result<bool, Failure> {
    let mut only = CpuSet::new();
    only.set(sched_getcpu());
    sched_setaffinity(None, &only)?;
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn stay_on_one_processor() -> Result<bool, Failure> {
    Ok(false)
}

/// Running process of the artifact.
pub(crate) struct Process {
    child: Child,
    folder: PathBuf,
}

impl Process {
    /// Starts the artifact with only the environment that Lambda and the template give it.
    pub(crate) fn start(path: &Path, runtime_api: SocketAddr, aws: SocketAddr) -> Result<Self, Failure> {
        let child = tokio::process::Command::new(path)
            .env_clear()
            .env("_HANDLER", HANDLER)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", HANDLER)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "bench")
            .env("AWS_SECRET_ACCESS_KEY", "bench")
            .env("AWS_ENDPOINT_URL", format!("http://{aws}"))
            .env("TABLE_NAME", TABLE)
            .env("DISPATCH_QUEUE_URL", format!("{QUEUE_URL}/dispatch"))
            .env("WEBHOOKS_QUEUE_URL", format!("{QUEUE_URL}/webhooks"))
            .env("TURNS_QUEUE_URL", format!("{QUEUE_URL}/turns"))
            .env("SIMULATOR_QUEUE_URL", format!("{QUEUE_URL}/simulator"))
            .env("BULK_QUEUE_URL", format!("{QUEUE_URL}/bulk"))
            .env("SECRETS_PREFIX", "/ringdown")
            .env("FAIR_QUEUES", "true")
            .env("LOG_LEVEL", "INFO")
            .stdin(Stdio::null())
            // The artifact still writes a log line for each invocation. Here the lines would only hide the table.
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let id = child.id().ok_or("the artifact ended at once")?;
        Ok(Self { child, folder: PathBuf::from(format!("/proc/{id}")) })
    }

    /// Waits for a result of the artifact. Fails if the process ends first.
    pub(crate) async fn unless_it_ends<T>(
        &mut self,
        awaited: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            outcome = awaited => outcome,
            ended = self.child.wait() => Err(format!("the artifact ended: {}", ended?).into()),
        }
    }

    /// Returns the CPU time of all threads, user and system. It comes from the scheduler's count, because
    /// `/proc/…/stat` only counts ticks of 10 ms.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(self.folder.join("task"))? {
            let counts = fs::read_to_string(thread?.path().join("schedstat"))?;
            nanoseconds += counts.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Returns the peak resident memory in megabytes.
    pub(crate) fn peak_memory_mb(&self) -> Result<f64, Failure> {
        let status = fs::read_to_string(self.folder.join("status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("there is no VmHWM")?;
        let kibibytes: u32 = peak.trim().trim_end_matches(" kB").parse()?;
        Ok(f64::from(kibibytes) * 1_024.0 / MEGABYTE)
    }

    /// Kills the process.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }
}
