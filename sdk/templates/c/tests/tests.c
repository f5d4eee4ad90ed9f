// Unit tests without Docker and without the host: the one import that is called is played here.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

#define CHECK(condition) \
    do { if (!(condition)) { fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); exit(1); } } while (0)

typedef exports_simulay_plugin_pipeline_failure_t Failure;

static const char CONTENT[] = "{\"critical_load_N\": 1}";

static plugin_string_t owned(const char *text) {
    plugin_string_t string = {(uint8_t *)strdup(text), strlen(text)};
    return string;
}

static bool says(plugin_string_t string, const char *text) {
    return string.len == strlen(text) && memcmp(string.ptr, text, string.len) == 0;
}

// What the generated plugin.c gives to a component.
void plugin_string_dup(plugin_string_t *ret, const char *text) { *ret = owned(text); }
void plugin_string_free(plugin_string_t *text) { free(text->ptr); }
void exports_simulay_plugin_pipeline_request_free(exports_simulay_plugin_pipeline_request_t *request) {
    plugin_string_free(&request->params);
}
void exports_simulay_plugin_pipeline_list_container_result_free(
    exports_simulay_plugin_pipeline_list_container_result_t *results) { (void)results; }

bool simulay_plugin_artifacts_read(plugin_string_t *sha256, uint64_t offset, uint64_t length, plugin_list_u8_t *ret,
                                   simulay_plugin_artifacts_read_error_t *err) {
    (void)err;
    CHECK(says(*sha256, "abc") && offset == 0 && length == strlen(CONTENT));
    plugin_string_t text = owned(CONTENT);
    ret->ptr = text.ptr;
    ret->len = text.len;
    return true;
}

static bool finish(uint8_t ending, int code, const char *path, exports_simulay_plugin_pipeline_next_t *next,
                   Failure *failure) {
    simulay_plugin_types_artifact_t output = {
        .path = owned(path), .size = strlen(CONTENT), .sha256 = owned("abc"), .media_type = owned("application/json")};
    simulay_plugin_types_container_result_t result = {.ending = {.tag = ending, .val.exited = code}};
    result.outputs.ptr = &output;
    result.outputs.len = 1;
    exports_simulay_plugin_pipeline_list_container_result_t results = {&result, 1};
    exports_simulay_plugin_pipeline_request_t request = {.params = owned("{}")};
    plugin_string_t state = owned("null");
    return exports_simulay_plugin_pipeline_post_process(&request, &state, &results, next, failure);
}

static void fails(uint8_t ending, int code, const char *path, const char *why) {
    exports_simulay_plugin_pipeline_next_t next;
    Failure failure;
    CHECK(!finish(ending, code, path, &next, &failure));
    CHECK(failure.tag == EXPORTS_SIMULAY_PLUGIN_PIPELINE_FAILURE_SIMULATION);
    CHECK(says(failure.val.simulation, why));
}

static void a_result_that_was_left_out_has_its_reason(void) {
    exports_simulay_plugin_pipeline_next_t next;
    Failure failure;
    simulay_plugin_types_omission_t omission = {.path = owned("result.json"), .reason = owned("it is a device")};
    simulay_plugin_types_container_result_t result = {.ending = {.tag = SIMULAY_PLUGIN_TYPES_ENDING_EXITED}};
    result.left_out.ptr = &omission;
    result.left_out.len = 1;
    exports_simulay_plugin_pipeline_list_container_result_t results = {&result, 1};
    exports_simulay_plugin_pipeline_request_t request = {.params = owned("{}")};
    plugin_string_t state = owned("null");
    CHECK(!exports_simulay_plugin_pipeline_post_process(&request, &state, &results, &next, &failure));
    CHECK(says(failure.val.simulation, "result.json was left out: it is a device"));
}

static void a_request_becomes_one_call_with_its_parameters(void) {
    exports_simulay_plugin_pipeline_request_t request = {.params = owned("{\"length_m\": 2}")};
    exports_simulay_plugin_pipeline_step_t step;
    Failure failure;
    CHECK(exports_simulay_plugin_pipeline_pre_process(&request, &step, &failure));
    CHECK(step.calls.len == 1 && says(step.calls.ptr[0].image, "octave"));
    CHECK(says(step.calls.ptr[0].files.ptr[1].path, "params.json"));
    CHECK(says(step.calls.ptr[0].files.ptr[1].content.val.text, "{\"length_m\": 2}"));
}

static void the_result_is_the_outcome(void) {
    exports_simulay_plugin_pipeline_next_t next;
    Failure failure;
    CHECK(finish(SIMULAY_PLUGIN_TYPES_ENDING_EXITED, 0, "result.json", &next, &failure));
    CHECK(next.tag == EXPORTS_SIMULAY_PLUGIN_PIPELINE_NEXT_DONE && says(next.val.done.outcome, CONTENT));
}

static void each_ending_is_told(void) {
    fails(SIMULAY_PLUGIN_TYPES_ENDING_EXITED, 1, "result.json", "Octave reported an error; see the log");
    fails(SIMULAY_PLUGIN_TYPES_ENDING_OUT_OF_MEMORY, 0, "result.json", "out of memory: take fewer nodes");
    fails(SIMULAY_PLUGIN_TYPES_ENDING_TIMED_OUT, 0, "result.json", "timed out: take fewer nodes");
    fails(SIMULAY_PLUGIN_TYPES_ENDING_PROCESS_LIMIT, 0, "result.json", "Octave was refused a process");
    fails(SIMULAY_PLUGIN_TYPES_ENDING_SCRATCH_FULL, 0, "result.json", "Octave did not come to its end");
    fails(SIMULAY_PLUGIN_TYPES_ENDING_EXITED, 0, "other.json", "Octave left no result.json");
}

int main(void) {
    a_request_becomes_one_call_with_its_parameters();
    the_result_is_the_outcome();
    each_ending_is_told();
    a_result_that_was_left_out_has_its_reason();
    puts("4 tests passed");
    return 0;
}
