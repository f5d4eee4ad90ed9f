// Two steps: all modes, proven; then the lowest resonances, side by side.
#include <math.h>
#include <string.h>

#include "calls.h"
#include "json.h"
#include "report.h"

static bool fail(Failure *failure, const char *why) {
    failure->tag = EXPORTS_SIMULAY_PLUGIN_PIPELINE_FAILURE_SIMULATION;
    failure->val.simulation = copied(why);
    return false;
}

static bool read_chain(Chain *chain, const Request *request, Failure *failure) {
    Refusal refusal;
    if (chain_read(chain, request->params, &refusal)) return true;
    failure->tag = EXPORTS_SIMULAY_PLUGIN_PIPELINE_FAILURE_INVALID;
    failure->val.invalid.f0 = copied(refusal.pointer);
    failure->val.invalid.f1 = copied(refusal.message);
    return false;
}

static const char *any_complaint(const Results *results) {
    for (size_t i = 0; i < results->len; i++) {
        const char *why = complaint(&results->ptr[i]);
        if (why) return why;
    }
    return NULL;
}

bool exports_simulay_plugin_pipeline_pre_process(Request *request, Step *ret, Failure *err) {
    Chain chain;
    if (!read_chain(&chain, request, err)) return false;
    ret->state = copied("{}");
    ret->calls.len = 1;
    ret->calls.ptr = room(1, sizeof *ret->calls.ptr);
    ret->calls.ptr[0] = modes_call(request->params);
    return true;
}

static const char *read_modes(const Result *result, const Chain *chain, Modes *modes) {
    plugin_list_u8_t bytes;
    Json json;
    const Artifact *shapes = output(result, "shapes.csv");
    if (!shapes || !read_output(result, "modes.json", &bytes)) return "Octave left no modes";
    if (!json_read(&json, bytes.ptr, bytes.len)) return "modes.json is damaged";
    size_t count = 0;
    if (!json_numbers(&json, "w_rad_per_s", modes->w, MOST_MASSES, &count)) return "modes.json is damaged";
    modes->shapes = shapes->sha256;
    return prove(chain, modes->w, count, &modes->tolerance);
}

static void ask_for_sweeps(const Request *request, const Chain *chain, const Modes *modes, Step *step) {
    step->calls.len = chain->resonances;
    step->calls.ptr = room(chain->resonances, sizeof *step->calls.ptr);
    for (size_t i = 0; i < chain->resonances; i++) {
        step->calls.ptr[i] = sweep_call(request->params, i + 1, band_around(chain, modes->w, i));
    }
    step->state = modes_written(modes, chain->count);
}

static const char *read_sweeps(const Results *results, const Chain *chain, Sweep *sweeps) {
    if (results->len != chain->resonances) return "a sweep is missing";
    for (size_t i = 0; i < results->len; i++) {
        plugin_list_u8_t bytes;
        if (!read_output(&results->ptr[i], "sweep.csv", &bytes)) return "Octave left no sweep";
        if (!sweep_read(&sweeps[i], bytes.ptr, bytes.len)) return "sweep.csv is damaged";
        Peak peak = peak_of(&sweeps[i]);
        double own = amplitude_at(chain, peak.w);
        if (!(fabs(peak.amplitude - own) <= 1e-6 * own)) return "Octave and the plugin disagree about a resonance";
    }
    return NULL;
}

bool exports_simulay_plugin_pipeline_post_process(Request *request, String *state, Results *results, Next *ret,
                                                  Failure *err) {
    Chain chain;
    Modes modes;
    memset(ret, 0, sizeof *ret);
    if (!read_chain(&chain, request, err)) return false;
    const char *why = any_complaint(results);
    if (why) return fail(err, why);
    if (!modes_read(&modes, *state)) {
        why = results->len == 1 ? read_modes(&results->ptr[0], &chain, &modes) : "one result was expected";
        if (why) return fail(err, why);
        ret->tag = EXPORTS_SIMULAY_PLUGIN_PIPELINE_NEXT_AGAIN;
        ask_for_sweeps(request, &chain, &modes, &ret->val.again);
        return true;
    }
    Sweep *sweeps = room(MOST_RESONANCES, sizeof *sweeps);
    why = read_sweeps(results, &chain, sweeps);
    if (why) return fail(err, why);
    ret->tag = EXPORTS_SIMULAY_PLUGIN_PIPELINE_NEXT_DONE;
    ret->val.done = report_of(&chain, &modes, sweeps);
    return true;
}
