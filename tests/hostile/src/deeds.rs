//! Deeds of the plugin `mischief` and how a run of each ends.

/// A deed and the kinds of error its run may end with; none when it must succeed.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    /// The value of the parameter `do`.
    pub name: &'static str,
    /// Kind of the error.
    pub kind: Option<&'static str>,
}

const fn ends(name: &'static str, kind: &'static str) -> Deed {
    Deed { name, kind: Some(kind) }
}

/// Every deed.
pub const DEEDS: [Deed; 41] = [
    Deed { name: "nothing", kind: None },
    ends("spin", "plugin_cpu_limit"),
    ends("grow", "plugin_memory_limit"),
    ends("trap", "plugin_trap"),
    ends("dive", "plugin_trap"),
    ends("chatter", "plugin_cpu_limit"),
    ends("shout", "plugin_result_too_large"),
    ends("read-on", "plugin_hostcall_limit"),
    ends("giant-state", "plugin_result_too_large"),
    ends("broken-state", "plugin_result_invalid"),
    ends("deep-state", "plugin_result_invalid"),
    ends("refuse", "params_invalid"),
    ends("swarm", "plugin_result_too_large"),
    ends("other-image", "image_not_allowed"),
    ends("image-by-path", "image_not_allowed"),
    ends("more-cpu", "spec_denied"),
    ends("more-memory", "spec_denied"),
    ends("more-time", "spec_denied"),
    ends("no-memory", "spec_denied"),
    ends("file-above", "spec_denied"),
    ends("file-absolute", "spec_denied"),
    ends("file-nul", "spec_denied"),
    ends("output-above", "spec_denied"),
    ends("output-absolute", "spec_denied"),
    ends("exclude-above", "spec_denied"),
    ends("foreign-artifact", "spec_denied"),
    ends("no-command", "spec_denied"),
    ends("nul-argument", "spec_denied"),
    ends("preload", "spec_denied"),
    ends("name-above", "spec_denied"),
    ends("twins", "plugin_result_invalid"),
    ends("crowd", "spec_denied"),
    ends("spin-after", "plugin_cpu_limit"),
    ends("trap-after", "plugin_trap"),
    ends("again", "step_limit"),
    ends("broken-outcome", "plugin_result_invalid"),
    ends("wrong-outcome", "plugin_result_invalid"),
    ends("plot-nan", "plugin_result_invalid"),
    ends("plot-giant", "plugin_result_too_large"),
    ends("keep-above", "plugin_result_invalid"),
    ends("keep-foreign", "plugin_result_invalid"),
];
