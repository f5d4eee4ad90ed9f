// The load at which a column buckles: one container call, whose result is the outcome.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "octave.h"
#include "plugin.h"

#define RESULT "result.json"

static const char PARAMS_SCHEMA[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "\"length_m\": {\"type\": \"number\", \"x-unit\": \"m\", \"exclusiveMinimum\": 0, \"maximum\": 1000, \"default\": 3},"
    "\"modulus_Pa\": {\"type\": \"number\", \"x-unit\": \"Pa\", \"exclusiveMinimum\": 0, \"default\": 2.1e11},"
    "\"second_moment_m4\": {\"type\": \"number\", \"x-unit\": \"m4\", \"exclusiveMinimum\": 0, \"default\": 1e-6},"
    "\"nodes\": {\"type\": \"integer\", \"minimum\": 3, \"maximum\": 500, \"default\": 99}}}";

static const char RESULT_SCHEMA[] =
    "{\"type\": \"object\", \"required\": [\"critical_load_N\", \"euler_load_N\", \"relative_error\"], \"properties\": {"
    "\"critical_load_N\": {\"type\": \"number\", \"x-unit\": \"N\"},"
    "\"euler_load_N\": {\"type\": \"number\", \"x-unit\": \"N\"},"
    "\"relative_error\": {\"type\": \"number\", \"maximum\": 0.2}}}";

static const simulay_plugin_types_resources_t RESOURCES = {
    .cpu_milli = 1000, .memory_mib = 256, .scratch_mib = 16, .timeout_ms = 60000};

// What is handed to the host is freed by the bindings: each string is a copy.
static plugin_string_t copied(const char *text) {
    plugin_string_t string;
    plugin_string_dup(&string, text);
    return string;
}

static plugin_string_t copied_string(plugin_string_t from) {
    plugin_string_t string = {malloc(from.len ? from.len : 1), from.len};
    if (!string.ptr) abort();
    if (from.len) memcpy(string.ptr, from.ptr, from.len);
    return string;
}

static void *room(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) abort();
    return memory;
}

void exports_simulay_plugin_pipeline_describe(exports_simulay_plugin_pipeline_manifest_t *ret) {
    memset(ret, 0, sizeof *ret);
    ret->name = copied("my-pipeline");
    ret->version = copied("0.1.0");
    ret->title = copied("Buckling of a column");
    ret->description = copied("The load at which a column with pinned ends buckles, against Euler's.");
    ret->params_schema = copied(PARAMS_SCHEMA);
    ret->result_schema = copied(RESULT_SCHEMA);
    ret->max_resources = RESOURCES;
    ret->max_parallel = 1;
    ret->images.len = 1;
    ret->images.ptr = room(1, sizeof *ret->images.ptr);
    ret->images.ptr[0].name = copied("octave");
    ret->images.ptr[0].purpose = copied("Finds the least eigenvalue.");
    ret->examples.len = 1;
    ret->examples.ptr = room(1, sizeof *ret->examples.ptr);
    ret->examples.ptr[0].name = copied("A steel column of three metres");
    ret->examples.ptr[0].params = copied("{}");
    ret->examples.ptr[0].expect.is_some = true;
    ret->examples.ptr[0].expect.val = copied("{\"critical_load_N\": 230290.8, \"euler_load_N\": 230290.8}");
    ret->examples.ptr[0].tolerance = 1e-3;
}

static void text_file(simulay_plugin_types_file_t *file, const char *path, plugin_string_t content) {
    file->path = copied(path);
    file->content.tag = SIMULAY_PLUGIN_TYPES_SOURCE_TEXT;
    file->content.val.text = content;
}

static void fill_call(simulay_plugin_types_container_call_t *call, plugin_string_t params) {
    static const char *const COMMAND[] = {"octave-cli", "-qfHW", "main.m"};
    call->name = copied("buckling");
    call->image = copied("octave");
    call->command.len = sizeof COMMAND / sizeof *COMMAND;
    call->command.ptr = room(call->command.len, sizeof *call->command.ptr);
    for (size_t i = 0; i < call->command.len; i++) call->command.ptr[i] = copied(COMMAND[i]);
    call->files.len = 2;
    call->files.ptr = room(2, sizeof *call->files.ptr);
    text_file(&call->files.ptr[0], "main.m", copied(MAIN_M));
    text_file(&call->files.ptr[1], "params.json", copied_string(params));
    call->outputs.len = 1;
    call->outputs.ptr = room(1, sizeof *call->outputs.ptr);
    call->outputs.ptr[0] = copied(RESULT);
    call->keep_unchanged = true;
    call->resources = RESOURCES;
    call->on_failure = SIMULAY_PLUGIN_TYPES_ON_FAILURE_REPORT;
    call->deterministic = true;
}

bool exports_simulay_plugin_pipeline_pre_process(exports_simulay_plugin_pipeline_request_t *request,
                                                 exports_simulay_plugin_pipeline_step_t *ret,
                                                 exports_simulay_plugin_pipeline_failure_t *err) {
    (void)err;
    memset(ret, 0, sizeof *ret);
    ret->state = copied("null");
    ret->calls.len = 1;
    ret->calls.ptr = room(1, sizeof *ret->calls.ptr);
    fill_call(&ret->calls.ptr[0], request->params);
    exports_simulay_plugin_pipeline_request_free(request);
    return true;
}

static const char *complaint(const simulay_plugin_types_ending_t *ending) {
    switch (ending->tag) {
    case SIMULAY_PLUGIN_TYPES_ENDING_EXITED:
        return ending->val.exited == 0 ? NULL : "Octave reported an error; see the log";
    case SIMULAY_PLUGIN_TYPES_ENDING_OUT_OF_MEMORY: return "out of memory: take fewer nodes";
    case SIMULAY_PLUGIN_TYPES_ENDING_TIMED_OUT: return "timed out: take fewer nodes";
    case SIMULAY_PLUGIN_TYPES_ENDING_PROCESS_LIMIT: return "Octave was refused a process";
    default: return "Octave did not come to its end";
    }
}

static bool is_result(plugin_string_t path) {
    return path.len == strlen(RESULT) && memcmp(path.ptr, RESULT, path.len) == 0;
}

// Why there is no result: the host's reason, when Octave wrote one that could not be kept.
static const char *why_missing(const simulay_plugin_types_container_result_t *result) {
    static char why[256];
    for (size_t i = 0; i < result->left_out.len; i++) {
        simulay_plugin_types_omission_t *omission = &result->left_out.ptr[i];
        if (!is_result(omission->path)) continue;
        snprintf(why, sizeof why, RESULT " was left out: %.*s", (int)omission->reason.len,
                 (const char *)omission->reason.ptr);
        return why;
    }
    return "Octave left no " RESULT;
}

// The result as text; NULL and why when there is none.
static const char *read_result(simulay_plugin_types_container_result_t *result, plugin_string_t *text) {
    const char *why = complaint(&result->ending);
    if (why) return why;
    for (size_t i = 0; i < result->outputs.len; i++) {
        simulay_plugin_types_artifact_t *output = &result->outputs.ptr[i];
        if (!is_result(output->path)) continue;
        plugin_list_u8_t bytes;
        simulay_plugin_artifacts_read_error_t error;
        if (!simulay_plugin_artifacts_read(&output->sha256, 0, output->size, &bytes, &error)) {
            return "result.json cannot be read";
        }
        *text = (plugin_string_t){bytes.ptr, bytes.len};
        return NULL;
    }
    return why_missing(result);
}

bool exports_simulay_plugin_pipeline_post_process(exports_simulay_plugin_pipeline_request_t *request,
                                                  plugin_string_t *state,
                                                  exports_simulay_plugin_pipeline_list_container_result_t *results,
                                                  exports_simulay_plugin_pipeline_next_t *ret,
                                                  exports_simulay_plugin_pipeline_failure_t *err) {
    plugin_string_t outcome = {0};
    const char *why = results->len == 1 ? read_result(&results->ptr[0], &outcome) : "one result was expected";
    exports_simulay_plugin_pipeline_request_free(request);
    plugin_string_free(state);
    exports_simulay_plugin_pipeline_list_container_result_free(results);
    if (why) {
        err->tag = EXPORTS_SIMULAY_PLUGIN_PIPELINE_FAILURE_SIMULATION;
        err->val.simulation = copied(why);
        return false;
    }
    memset(ret, 0, sizeof *ret);
    ret->tag = EXPORTS_SIMULAY_PLUGIN_PIPELINE_NEXT_DONE;
    ret->val.done.outcome = outcome;
    return true;
}
