// A plugin against the contract alone: Octave sums the reciprocals of the squares.
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

static const char MAIN[] =
    "f = fopen(\"sum.json\", \"w\"); fprintf(f, '{\"sum\": %.15g}', sum(1 ./ (1:1000) .^ 2)); fclose(f);";
static const simulay_plugin_types_resources_t RESOURCES = {
    .cpu_milli = 500, .memory_mib = 256, .scratch_mib = 16, .timeout_ms = 60000};

static plugin_string_t copied(const char *text) {
    plugin_string_t string;
    plugin_string_dup(&string, text);
    return string;
}

static void *room(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) abort();
    return memory;
}

void exports_simulay_plugin_pipeline_describe(exports_simulay_plugin_pipeline_manifest_t *ret) {
    memset(ret, 0, sizeof *ret);
    ret->name = copied("contract-only-c");
    ret->version = copied("0.1.0");
    ret->title = copied("The sum of the reciprocals of the squares");
    ret->description = copied("Built against the contract alone.");
    ret->params_schema = copied("{\"type\": \"object\", \"additionalProperties\": false}");
    ret->result_schema = copied("{\"type\": \"object\", \"required\": [\"sum\"]}");
    ret->max_resources = RESOURCES;
    ret->max_parallel = 1;
    ret->images.len = 1;
    ret->images.ptr = room(1, sizeof *ret->images.ptr);
    ret->images.ptr[0].name = copied("octave");
    ret->images.ptr[0].purpose = copied("Adds up.");
}

bool exports_simulay_plugin_pipeline_pre_process(exports_simulay_plugin_pipeline_request_t *request,
                                                 exports_simulay_plugin_pipeline_step_t *ret,
                                                 exports_simulay_plugin_pipeline_failure_t *err) {
    (void)request, (void)err;
    simulay_plugin_types_container_call_t *call = room(1, sizeof *call);
    call->name = copied("sum");
    call->image = copied("octave");
    call->command.len = 3;
    call->command.ptr = room(3, sizeof *call->command.ptr);
    call->command.ptr[0] = copied("octave-cli");
    call->command.ptr[1] = copied("-qfHW");
    call->command.ptr[2] = copied("main.m");
    call->files.len = 1;
    call->files.ptr = room(1, sizeof *call->files.ptr);
    call->files.ptr[0].path = copied("main.m");
    call->files.ptr[0].content.tag = SIMULAY_PLUGIN_TYPES_SOURCE_TEXT;
    call->files.ptr[0].content.val.text = copied(MAIN);
    call->outputs.len = 1;
    call->outputs.ptr = room(1, sizeof *call->outputs.ptr);
    call->outputs.ptr[0] = copied("sum.json");
    call->keep_unchanged = true;
    call->resources = RESOURCES;
    ret->calls.ptr = call;
    ret->calls.len = 1;
    ret->state = copied("null");
    return true;
}

bool exports_simulay_plugin_pipeline_post_process(exports_simulay_plugin_pipeline_request_t *request,
                                                  plugin_string_t *state,
                                                  exports_simulay_plugin_pipeline_list_container_result_t *results,
                                                  exports_simulay_plugin_pipeline_next_t *ret,
                                                  exports_simulay_plugin_pipeline_failure_t *err) {
    (void)request, (void)state;
    plugin_list_u8_t bytes;
    simulay_plugin_artifacts_read_error_t error;
    memset(ret, 0, sizeof *ret);
    bool found = results->len == 1 && results->ptr[0].outputs.len == 1;
    if (found) {
        simulay_plugin_types_artifact_t *sum = &results->ptr[0].outputs.ptr[0];
        found = simulay_plugin_artifacts_read(&sum->sha256, 0, sum->size, &bytes, &error);
    }
    if (!found) {
        err->tag = EXPORTS_SIMULAY_PLUGIN_PIPELINE_FAILURE_SIMULATION;
        err->val.simulation = copied("no sum");
        return false;
    }
    ret->tag = EXPORTS_SIMULAY_PLUGIN_PIPELINE_NEXT_DONE;
    ret->val.done.outcome = (plugin_string_t){bytes.ptr, bytes.len};
    return true;
}
