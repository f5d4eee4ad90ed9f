//! From the errors of the house to refusals.

use simulay_archives::ArchiveError;
use simulay_blobs::BlobError;
use simulay_containers::ContainerError;
use simulay_engine::{
    ArchiveRefused, CreateError, DescribeError, EngineError, LifeError, LinkError, NewsError, RepeatError,
    SignInError, SweepError, UnknownImages, UploadError,
};
use simulay_identity::IdentityError;
use simulay_model::{ErrorKind, Quota, QuotaExceeded, RunError, SweepRefusal};
use simulay_sandbox::{CallError, InspectError};
use simulay_store::StoreError;

use super::{Cause, Refusal};
use crate::wire::ProblemKind;

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Records(error) => error.into(),
            EngineError::Blobs(error) => error.into(),
            EngineError::Low { .. } => Self::new(ProblemKind::StorageLow, format!("{error}; free space")),
            EngineError::Broken(_) => Self::internal(error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::NotFound => Self::not_found("object"),
            StoreError::NameTaken => Self::new(ProblemKind::PluginNameTaken, text),
            StoreError::VersionExists => Self::new(ProblemKind::PluginVersionExists, text),
            StoreError::Ended => Self::new(ProblemKind::RunNotCancellable, text),
            StoreError::RunExists => Self::new(ProblemKind::RunExists, text),
            StoreError::QuotaExceeded(exceeded) => exceeded.into(),
            StoreError::Repeated => Self::new(ProblemKind::IdempotencyInFlight, text),
            StoreError::Full => disk_full(),
            StoreError::Unwritable(_) => disk_unwritable(error),
            StoreError::Corrupt(_) => damaged(error),
            StoreError::Unavailable(_) => storage_unavailable(error),
            StoreError::Conflict(_)
            | StoreError::Stale
            | StoreError::Fenced
            | StoreError::NotOffered
            | StoreError::Failed(_) => Self::internal(error),
        }
    }
}

impl From<QuotaExceeded> for Refusal {
    fn from(exceeded: QuotaExceeded) -> Self {
        let kind = match exceeded.quota {
            Quota::UploadBytes => ProblemKind::PayloadTooLarge,
            _ => ProblemKind::QuotaExceeded,
        };
        let refusal = Self::new(kind, exceeded.to_string());
        exceeded.retry_after_s.into_iter().fold(refusal, Self::retry_after)
    }
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NotFound => Self::not_found("object"),
            BlobError::Full => disk_full(),
            BlobError::Unwritable(_) => disk_unwritable(error),
            BlobError::Corrupt(_) => damaged(error),
            BlobError::Unavailable(_) => storage_unavailable(error),
            BlobError::Failed(_) => Self::internal(error),
        }
    }
}

fn disk_full() -> Refusal {
    Refusal::new(ProblemKind::StorageLow, "the server's disk is full; free space and try again")
}

fn disk_unwritable(cause: impl Into<Cause>) -> Refusal {
    let detail = "the server's disk takes nothing; its log says more";
    Refusal::new(ProblemKind::StorageLow, detail).because(cause)
}

fn storage_unavailable(cause: impl Into<Cause>) -> Refusal {
    let detail = "what the server stores things in does not answer for now; try again";
    Refusal::new(ProblemKind::StorageUnavailable, detail).because(cause)
}

fn damaged(cause: impl Into<Cause>) -> Refusal {
    let detail = "what is stored here is damaged; a backup of the data directory has it whole";
    Refusal::new(ProblemKind::StorageCorrupt, detail).because(cause)
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        let text = error.to_string();
        let kind = match error {
            SignInError::Refused => ProblemKind::Unauthenticated,
            SignInError::Busy(_) => ProblemKind::RateLimited,
            SignInError::NoProvider => ProblemKind::NotFound,
            SignInError::NoRole | SignInError::NoName | SignInError::NameTaken(_) => ProblemKind::Forbidden,
            SignInError::Identity(IdentityError::Invalid(_)) => {
                return Self::new(ProblemKind::Unauthenticated, text).because(error);
            }
            SignInError::Identity(IdentityError::Unavailable(_)) => {
                return Self::new(ProblemKind::IdentityUnavailable, text).because(error);
            }
            SignInError::Engine(error) => return error.into(),
        };
        Self::new(kind, text)
    }
}

impl From<RepeatError> for Refusal {
    fn from(error: RepeatError) -> Self {
        let text = error.to_string();
        let kind = match error {
            RepeatError::InFlight => ProblemKind::IdempotencyInFlight,
            RepeatError::OtherRequest => ProblemKind::IdempotencyKeyReused,
            RepeatError::Engine(error) => return error.into(),
        };
        Self::new(kind, text).at("Idempotency-Key")
    }
}

impl From<NewsError> for Refusal {
    fn from(error: NewsError) -> Self {
        match error {
            NewsError::Failed(error) => error.into(),
            gone @ (NewsError::Gone | NewsError::TooMany) => {
                let detail = format!("{gone}; read the lists anew, and follow from then on");
                Self::new(ProblemKind::Gone, detail).at("after")
            }
        }
    }
}

impl From<ArchiveRefused> for Refusal {
    fn from(refused: ArchiveRefused) -> Self {
        match refused {
            ArchiveRefused::Archive(error) => error.into(),
            ArchiveRefused::Engine(error) => error.into(),
        }
    }
}

impl From<ArchiveError> for Refusal {
    fn from(error: ArchiveError) -> Self {
        let setting = match &error {
            ArchiveError::Files(_) => "server.max_archive_files",
            ArchiveError::Bytes(_) => "server.max_archive_bytes",
            ArchiveError::FileBytes { .. } => "server.max_input_bytes",
            ArchiveError::Shelf(_) => return Self::internal(error),
            _ => return Self::new(ProblemKind::InvalidArchive, error.to_string()),
        };
        Self::new(ProblemKind::PayloadTooLarge, format!("{error}; the setting is `{setting}`"))
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Refused(refused) => refused.into(),
            UploadError::Engine(error) => error.into(),
            UploadError::UnknownImages(unknown) => unknown.into(),
            UploadError::OutsideScope(_) => Self::new(ProblemKind::Forbidden, error.to_string()),
        }
    }
}

impl From<UnknownImages> for Refusal {
    fn from(unknown: UnknownImages) -> Self {
        let cure =
            "the operator registers it with `simulay images register NAME IMAGE` and restarts the server";
        Self::new(ProblemKind::ImageNotAllowed, format!("{unknown}; {cure}")).at("images")
    }
}

impl From<InspectError> for Refusal {
    fn from(error: InspectError) -> Self {
        let text = error.to_string();
        match error {
            InspectError::InvalidComponent(_) => Self::new(ProblemKind::InvalidComponent, text),
            InspectError::TooComplex(_) => Self::new(ProblemKind::ComponentTooComplex, text),
            InspectError::CompileTimeout(_) => {
                let text = format!("{text}; the setting is `plugins.compile_seconds`");
                Self::new(ProblemKind::CompileTimeout, text)
            }
            InspectError::CompileMemory(_) => Self::new(ProblemKind::CompileMemory, text),
            InspectError::WorkerCrashed => Self::new(ProblemKind::WorkerCrashed, text),
            InspectError::UnknownImport(_) => Self::new(ProblemKind::UnknownImport, text),
            InspectError::WorldMismatch(_) => Self::new(ProblemKind::WorldMismatch, text),
            InspectError::DescribeTimeout => Self::new(ProblemKind::DescribeTimeout, text),
            InspectError::DescribeFailed(error) => describe_failed(&error, text),
            InspectError::Manifest(error) => Self::new(ProblemKind::ManifestInvalid, text).at(error.field),
            InspectError::ManifestTooLarge(_) => Self::new(ProblemKind::ManifestTooLarge, text),
            InspectError::Host(_) => Self::internal(error),
        }
    }
}

fn describe_failed(error: &CallError, text: String) -> Refusal {
    let kind = match error {
        CallError::Trap(_) => ProblemKind::PluginTrap,
        CallError::CpuLimit(_) => ProblemKind::DescribeTimeout,
        CallError::MemoryLimit(_) => ProblemKind::PluginMemoryLimit,
        CallError::HostcallLimit(_) => ProblemKind::PluginHostcallLimit,
        CallError::ResultTooLarge(_) => ProblemKind::ManifestTooLarge,
        CallError::ResultInvalid { field, .. } => {
            return Refusal::new(ProblemKind::ManifestInvalid, text).at(field);
        }
        CallError::WorkerCrashed => ProblemKind::WorkerCrashed,
        CallError::Host(_) => return Refusal::internal(text),
    };
    Refusal::new(kind, text)
}

impl From<LifeError> for Refusal {
    fn from(error: LifeError) -> Self {
        let text = error.to_string();
        match error {
            LifeError::NeedsApproval(_) => Self::new(ProblemKind::ApprovalNeeded, text),
            LifeError::OwnUpload => Self::new(ProblemKind::Forbidden, text),
            LifeError::UnknownImages(unknown) => unknown.into(),
            LifeError::NothingServed | LifeError::OtherServed(_) | LifeError::NothingBefore(_) => {
                Self::new(ProblemKind::NoVersionBefore, text)
            }
            LifeError::Repeat(error) => error.into(),
            LifeError::Create(error) => error.into(),
            LifeError::Engine(error) => error.into(),
        }
    }
}

impl From<LinkError> for Refusal {
    fn from(error: LinkError) -> Self {
        let text = error.to_string();
        match error {
            LinkError::Lifetime => Self::new(ProblemKind::ParamsInvalid, text).at("/expires_in_s"),
            LinkError::TooMany(_) => Self::new(ProblemKind::TooManyLinks, text),
            LinkError::NoAccount => Self::new(ProblemKind::Forbidden, text),
            LinkError::Entropy(_) => Self::internal(error),
            LinkError::Engine(EngineError::Records(StoreError::NotFound)) => Self::not_found("run"),
            LinkError::Engine(error) => error.into(),
        }
    }
}

impl From<DescribeError> for Refusal {
    fn from(error: DescribeError) -> Self {
        match error {
            DescribeError::Label(rule) => {
                Self::new(ProblemKind::ParamsInvalid, rule.to_string()).at("/labels")
            }
            DescribeError::Engine(EngineError::Records(StoreError::NotFound)) => Self::not_found("run"),
            DescribeError::Engine(error) => error.into(),
        }
    }
}

impl From<SweepError> for Refusal {
    fn from(error: SweepError) -> Self {
        let text = error.to_string();
        match error {
            SweepError::Invalid(error) => Self::new(ProblemKind::ParamsInvalid, text).at(error.pointer),
            SweepError::Create(error) => error.into(),
            SweepError::TooManyUnfinished(_) => Self::new(ProblemKind::TooManySweeps, text),
            SweepError::Refused(SweepRefusal::TooMany { .. }) => {
                Self::new(ProblemKind::ParamsInvalid, text).at("/points")
            }
            SweepError::Refused(_) => Self::new(ProblemKind::SweepConflict, text),
            SweepError::Engine(EngineError::Records(StoreError::NotFound)) => Self::not_found("sweep"),
            SweepError::Engine(error) => error.into(),
        }
    }
}

impl From<CreateError> for Refusal {
    fn from(error: CreateError) -> Self {
        let text = error.to_string();
        match error {
            CreateError::NotActive(_) => Self::new(ProblemKind::PluginNotActive, text),
            CreateError::UnknownPipeline(_) => Self::new(ProblemKind::NotFound, text),
            CreateError::ParamsInvalid(errors) => {
                let mut refusal = Self::new(ProblemKind::ParamsInvalid, text);
                refusal.errors = errors.into_iter().map(Into::into).collect();
                refusal
            }
            CreateError::InputInvalid(error) => Self::new(ProblemKind::ParamsInvalid, text).at(error.pointer),
            CreateError::QueueFull(_) => Self::new(ProblemKind::QueueFull, text),
            CreateError::TooBusy => Self::new(ProblemKind::RateLimited, text),
            CreateError::IdTaken(_) => Self::new(ProblemKind::RunExists, text).at("id"),
            CreateError::Repeat(error) => error.into(),
            CreateError::Draining => Self::new(ProblemKind::Draining, text),
            CreateError::Preview(error) => error.into(),
            CreateError::Engine(error) => error.into(),
        }
    }
}

impl From<RunError> for Refusal {
    /// A preview that ended as its run would.
    fn from(error: RunError) -> Self {
        let refusal = match preview_kind(error.kind) {
            ProblemKind::Internal => Self::internal(error.message),
            ProblemKind::DockerUnavailable => docker_unavailable(error.message),
            kind => Self::new(kind, error.message),
        };
        match error.field {
            Some(field) => refusal.at(field),
            None => refusal,
        }
    }
}

const fn preview_kind(kind: ErrorKind) -> ProblemKind {
    match kind {
        ErrorKind::ParamsInvalid => ProblemKind::ParamsInvalid,
        ErrorKind::Simulation => ProblemKind::Simulation,
        ErrorKind::PluginTrap => ProblemKind::PluginTrap,
        ErrorKind::PluginCpuLimit => ProblemKind::PluginCpuLimit,
        ErrorKind::PluginMemoryLimit => ProblemKind::PluginMemoryLimit,
        ErrorKind::PluginHostcallLimit => ProblemKind::PluginHostcallLimit,
        ErrorKind::PluginResultTooLarge => ProblemKind::PluginResultTooLarge,
        ErrorKind::PluginResultInvalid => ProblemKind::PluginResultInvalid,
        ErrorKind::WorkerCrashed => ProblemKind::WorkerCrashed,
        ErrorKind::ImageNotAllowed => ProblemKind::ImageNotAllowed,
        ErrorKind::ImageUnavailable => ProblemKind::ImageUnavailable,
        ErrorKind::DockerUnavailable => ProblemKind::DockerUnavailable,
        ErrorKind::StorageLow => ProblemKind::StorageLow,
        ErrorKind::Internal => ProblemKind::Internal,
        // Of a container that never starts, these can only be said of what the call asks for.
        ErrorKind::SpecDenied
        | ErrorKind::ContainerExit
        | ErrorKind::ContainerSignal
        | ErrorKind::ContainerOom
        | ErrorKind::ContainerTimeout
        | ErrorKind::ContainerDiskLimit
        | ErrorKind::ContainerLost
        | ErrorKind::ContainerProcessLimit
        | ErrorKind::OutputLimit
        | ErrorKind::ArtifactRejected
        | ErrorKind::StepLimit => ProblemKind::SpecDenied,
    }
}

impl From<ContainerError> for Refusal {
    /// A question to Docker that was not answered.
    fn from(error: ContainerError) -> Self {
        docker_unavailable(error)
    }
}

fn docker_unavailable(cause: impl Into<Cause>) -> Refusal {
    let detail = "Docker does not answer; `simulay doctor` on the server says more";
    Refusal::new(ProblemKind::DockerUnavailable, detail).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: impl Into<EngineError>) -> Refusal {
        CreateError::Engine(error.into()).into()
    }

    #[test]
    fn causes_reach_the_log_and_not_the_client() {
        let cause = || std::io::Error::other("/data/secret is gone");
        for (refusal, kind) in [
            (refused(StoreError::Failed(cause().into())), ProblemKind::Internal),
            (refused(StoreError::Unwritable(cause().into())), ProblemKind::StorageLow),
            (refused(StoreError::Unavailable(cause().into())), ProblemKind::StorageUnavailable),
            (refused(BlobError::Unavailable(cause().into())), ProblemKind::StorageUnavailable),
            (refused(BlobError::Failed(cause().into())), ProblemKind::Internal),
            (refused(BlobError::Unwritable(cause().into())), ProblemKind::StorageLow),
            (refused(StoreError::Corrupt(cause().into())), ProblemKind::StorageCorrupt),
        ] {
            assert_eq!(refusal.kind(), kind);
            assert!(refusal.cause().ends_with(": /data/secret is gone"), "{}", refusal.cause());
            assert!(!refusal.detail.contains("secret"), "{}", refusal.detail);
        }
    }

    #[test]
    fn too_little_room_is_told_with_the_numbers() {
        let low = refused(EngineError::Low { free: 3 << 20, floor: 512 << 20 });
        assert_eq!(low.kind(), ProblemKind::StorageLow);
        assert!(
            low.detail.starts_with("3 MiB are free in the data directory, and 512 MiB"),
            "{}",
            low.detail
        );
    }
}
