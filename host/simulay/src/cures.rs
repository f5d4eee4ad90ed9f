//! What to do about a run that did not succeed.

use simulay_api::wire::RunErrorKind;

/// A plain sentence for each kind of error.
pub(crate) const fn cure(kind: RunErrorKind) -> &'static str {
    use RunErrorKind as K;
    match kind {
        K::ParamsInvalid => "Correct the parameter named above and run again.",
        K::Simulation => "Look at the container's logs; other parameters may give a usable answer.",
        K::PluginTrap | K::PluginResultInvalid => "This is a fault of the plugin; tell its author.",
        K::PluginCpuLimit | K::PluginMemoryLimit | K::PluginHostcallLimit | K::PluginResultTooLarge => {
            "The plugin itself works too hard; ask less of it, or tell its author."
        }
        K::WorkerCrashed => "Run it again; if that happens again, tell the plugin's author.",
        K::SpecDenied => "The plugin asks for what is not allowed; tell its author, or raise the limit.",
        K::ImageNotAllowed => "Register the image with `simulay images register NAME IMAGE`.",
        K::ImageUnavailable => "Docker has lost the image; register it again with `simulay images register`.",
        K::ContainerExit | K::ContainerSignal => "Look at the container's standard error in the logs.",
        K::ContainerOom => "Ask for a smaller problem, or for more memory.",
        K::ContainerTimeout => "Ask for a smaller problem, or for more time.",
        K::ContainerDiskLimit => "Write less into the working directory, or ask for more scratch space.",
        K::ContainerProcessLimit => "Start fewer processes and threads at once.",
        K::ContainerLost => "Run it again; if it is lost again, look at the log of the Docker daemon.",
        K::OutputLimit => "Print or keep less, or raise the limit.",
        K::ArtifactRejected => "The command must leave plain files with plain names.",
        K::DockerUnavailable => {
            "Start Docker, or name its address with --docker; `simulay doctor` tells more."
        }
        K::StorageLow => "Free space on the disk of the data directory.",
        K::StepLimit => "The pipeline did not come to an end; ask for fewer steps, or raise the limit.",
        K::Internal => "This is a fault of Simulay; please report it with the log.",
    }
}
