// Unit tests without Docker and without the host: Octave is played by the exact solution of a uniform chain.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "json.h"
#include "report.h"

#define CHECK(condition) \
    do { if (!(condition)) { fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); exit(1); } } while (0)

static const double PI = 3.141592653589793;
static const char UNIFORM[] = "{\"masses_kg\": [1, 1, 1], \"springs_N_per_m\": [1000, 1000, 1000, 1000], "
                              "\"loss_factor\": 0.02, \"driven\": 1, \"observed\": 1, \"resonances\": 2}";

// What the containers left: the digest of an output is its place here.
static Text left[8];

static bool says(String string, const char *text) {
    return string.len == strlen(text) && memcmp(string.ptr, text, string.len) == 0;
}

bool simulay_plugin_artifacts_read(String *sha256, uint64_t offset, uint64_t length, plugin_list_u8_t *ret,
                                   simulay_plugin_artifacts_read_error_t *err) {
    (void)err;
    CHECK(sha256->len == 1 && offset == 0);
    const Text *content = &left[sha256->ptr[0] - '0'];
    CHECK(length == content->length);
    String bytes = whole(content);
    *ret = (plugin_list_u8_t){bytes.ptr, bytes.len};
    return true;
}

static Artifact artifact(const char *path, int place) {
    char sha256[] = {(char)('0' + place), 0};
    return (Artifact){.path = copied(path), .size = left[place].length, .sha256 = copied(sha256)};
}

static Chain chain_of(const char *params) {
    Chain chain;
    Refusal refusal;
    CHECK(chain_read(&chain, copied(params), &refusal));
    return chain;
}

// Mode `i` of three equal masses between walls: w = 2 sqrt(k / m) sin(i pi / 8).
static double exact(int i) { return 2 * sqrt(1000) * sin(i * PI / 8); }

static Result modes_result(double moved) {
    left[0] = left[1] = (Text){0};
    add(&left[0], "{\"w_rad_per_s\": [%.17g, %.17g, %.17g]}", exact(1), exact(2) * (1 + moved), exact(3));
    add(&left[1], "1,1,1\n");
    Result result = {.outputs = {room(2, sizeof(Artifact)), 2}};
    result.outputs.ptr[0] = artifact("modes.json", 0);
    result.outputs.ptr[1] = artifact("shapes.csv", 1);
    return result;
}

// What Octave would write for a band: here, by elimination.
static Result sweep_result(const Chain *chain, const Call *call, int place, double scale) {
    Json band;
    double from, to;
    String text = call->files.ptr[3].content.val.text;
    CHECK(json_read(&band, text.ptr, text.len) && json_number(&band, "from_rad_per_s", &from));
    CHECK(json_number(&band, "to_rad_per_s", &to));
    left[place] = (Text){0};
    for (int i = 0; i < POINTS; i++) {
        double w = from + (to - from) * i / (POINTS - 1);
        add(&left[place], "%.17g,%.17g\n", w, scale * amplitude_at(chain, w));
    }
    Result result = {.outputs = {room(1, sizeof(Artifact)), 1}};
    result.outputs.ptr[0] = artifact("sweep.csv", place);
    return result;
}

static bool finish(const char *state, Result *results, size_t count, Next *next, Failure *failure) {
    Request request = {.params = copied(UNIFORM)};
    String given = copied(state);
    Results list = {results, count};
    return exports_simulay_plugin_pipeline_post_process(&request, &given, &list, next, failure);
}

static void fails(const char *state, Result *results, size_t count, const char *why) {
    Next next;
    Failure failure;
    CHECK(!finish(state, results, count, &next, &failure));
    CHECK(failure.tag == EXPORTS_SIMULAY_PLUGIN_PIPELINE_FAILURE_SIMULATION);
    CHECK(says(failure.val.simulation, why));
}

static Step second_step(char **state) {
    Next next;
    Failure failure;
    Result modes = modes_result(0);
    CHECK(finish("{}", &modes, 1, &next, &failure));
    CHECK(next.tag == EXPORTS_SIMULAY_PLUGIN_PIPELINE_NEXT_AGAIN && next.val.again.calls.len == 2);
    Text text = {0};
    add(&text, "%.*s", (int)next.val.again.state.len, (const char *)next.val.again.state.ptr);
    *state = text.text;
    return next.val.again;
}

static void a_request_becomes_one_call(void) {
    Request request = {.params = copied(UNIFORM)};
    Step step;
    Failure failure;
    CHECK(exports_simulay_plugin_pipeline_pre_process(&request, &step, &failure));
    CHECK(step.calls.len == 1 && says(step.calls.ptr[0].image, "octave"));
    CHECK(says(step.calls.ptr[0].files.ptr[2].content.val.text, UNIFORM));
}

static void refuses(const char *masses, const char *springs, const char *driven, const char *pointer) {
    Text params = {0};
    add(&params, "{\"masses_kg\": %s, \"springs_N_per_m\": %s, ", masses, springs);
    add(&params, "\"loss_factor\": 0.02, \"driven\": %s, \"observed\": 1, \"resonances\": 1}", driven);
    Request request = {.params = whole(&params)};
    Step step;
    Failure failure;
    CHECK(!exports_simulay_plugin_pipeline_pre_process(&request, &step, &failure));
    CHECK(failure.tag == EXPORTS_SIMULAY_PLUGIN_PIPELINE_FAILURE_INVALID);
    CHECK(says(failure.val.invalid.f0, pointer));
}

static void what_is_no_chain_is_refused_where_it_is_wrong(void) {
    refuses("[1, 1]", "[1, 1]", "1", "/springs_N_per_m");
    refuses("[1, 1]", "[1, 0, 1]", "1", "/springs_N_per_m");
    refuses("[1, 1]", "[0, 1, 0]", "1", "/springs_N_per_m");
    refuses("[1, 1]", "[0, 1, 1]", "3", "/driven");
    refuses("[1, \"1\"]", "[0, 1, 1]", "1", "");
}

static void modes_are_counted_exactly(void) {
    Chain chain = chain_of(UNIFORM);
    for (int i = 1; i <= 3; i++) {
        CHECK(modes_below(&chain, exact(i) * (1 - 1e-12)) == (size_t)i - 1);
        CHECK(modes_below(&chain, exact(i) * (1 + 1e-12)) == (size_t)i);
    }
}

static void two_steps_give_the_resonances(void) {
    char *state;
    Step step = second_step(&state);
    Chain chain = chain_of(UNIFORM);
    Result sweeps[] = {sweep_result(&chain, &step.calls.ptr[0], 2, 1), sweep_result(&chain, &step.calls.ptr[1], 3, 1)};
    Next next;
    Failure failure;
    CHECK(finish(state, sweeps, 2, &next, &failure));
    CHECK(next.tag == EXPORTS_SIMULAY_PLUGIN_PIPELINE_NEXT_DONE);
    Report report = next.val.done;
    Json outcome;
    double w[3];
    size_t count;
    CHECK(json_read(&outcome, report.outcome.ptr, report.outcome.len));
    CHECK(json_numbers(&outcome, "frequencies_Hz", w, 3, &count) && count == 3);
    CHECK(fabs(w[0] * 2 * PI - exact(1)) < 1e-12);
    CHECK(report.plots.len == 2 && says(report.artifacts.ptr[0].content.val.artifact, "1"));
}

static void a_resonance_gives_the_damping_back(void) {
    Chain chain = chain_of("{\"masses_kg\": [2], \"springs_N_per_m\": [800, 0], \"loss_factor\": 0.05, "
                           "\"driven\": 1, \"observed\": 1, \"resonances\": 1}");
    double w = 20;
    Sweep sweep;
    Band band = band_around(&chain, &w, 0);
    for (int i = 0; i < POINTS; i++) {
        sweep.w[i] = band.from + (band.to - band.from) * i / (POINTS - 1);
        sweep.amplitude[i] = amplitude_at(&chain, sweep.w[i]);
    }
    Peak peak = peak_of(&sweep);
    CHECK(fabs(peak.w - 20) < 0.01 && fabs(peak.amplitude - 0.025) < 1e-6 && fabs(peak.loss - 0.05) < 1e-5);
    for (int i = 0; i < POINTS; i++) sweep.amplitude[i] = 1;
    CHECK(isnan(peak_of(&sweep).loss));
}

static void what_octave_got_wrong_is_noticed(void) {
    Result modes = modes_result(1e-6);
    fails("{}", &modes, 1, "a frequency that Octave found is none of the chain's");
    char *state;
    Step step = second_step(&state);
    Chain chain = chain_of(UNIFORM);
    Result sweeps[] = {sweep_result(&chain, &step.calls.ptr[0], 2, 1), sweep_result(&chain, &step.calls.ptr[1], 3, 1.01)};
    fails(state, sweeps, 2, "Octave and the plugin disagree about a resonance");
    fails(state, sweeps, 1, "a sweep is missing");
}

static void missing_and_damaged_outputs_are_told(void) {
    char *state;
    second_step(&state);
    Result nothing[2] = {0};
    fails("{}", nothing, 1, "Octave left no modes");
    fails(state, nothing, 2, "Octave left no sweep");
    Result modes = modes_result(0);
    static const char *const DAMAGED[] = {"", "{", "[]", "{}", "{\"w_rad_per_s\": [1, 2", "{\"w_rad_per_s\": [NaN]}"};
    for (size_t i = 0; i < sizeof DAMAGED / sizeof *DAMAGED; i++) {
        left[0] = (Text){0};
        add(&left[0], "%s", DAMAGED[i]);
        modes.outputs.ptr[0].size = left[0].length;
        fails("{}", &modes, 1, "modes.json is damaged");
    }
}

static void each_ending_is_told(void) {
    Result result = modes_result(0);
    result.ending.tag = SIMULAY_PLUGIN_TYPES_ENDING_EXITED;
    result.ending.val.exited = 1;
    fails("{}", &result, 1, "Octave reported an error; see the log");
    result.ending.tag = SIMULAY_PLUGIN_TYPES_ENDING_OUT_OF_MEMORY;
    fails("{}", &result, 1, "out of memory: take fewer masses");
    result.ending.tag = SIMULAY_PLUGIN_TYPES_ENDING_TIMED_OUT;
    fails("{}", &result, 1, "timed out: take fewer masses");
    result.ending.tag = SIMULAY_PLUGIN_TYPES_ENDING_SIGNALLED;
    fails("{}", &result, 1, "Octave did not come to its end");
}

int main(void) {
    a_request_becomes_one_call();
    what_is_no_chain_is_refused_where_it_is_wrong();
    modes_are_counted_exactly();
    two_steps_give_the_resonances();
    a_resonance_gives_the_damping_back();
    what_octave_got_wrong_is_noticed();
    missing_and_damaged_outputs_are_told();
    each_ending_is_told();
    puts("8 tests passed");
    return 0;
}
