#include "calls.h"

#include <string.h>

#include "texts.h"

static void text_file(File *file, const char *path, String content) {
    file->path = copied(path);
    file->content.tag = SIMULAY_PLUGIN_TYPES_SOURCE_TEXT;
    file->content.val.text = content;
}

static String copied_string(String from) {
    String string = {room(from.len, 1), from.len};
    memcpy(string.ptr, from.ptr, from.len);
    return string;
}

static plugin_list_string_t strings(const char *const *texts, size_t count) {
    plugin_list_string_t list = {room(count, sizeof *list.ptr), count};
    for (size_t i = 0; i < count; i++) list.ptr[i] = copied(texts[i]);
    return list;
}

// A call of a program of Octave's, with the chain and `more` further files to come.
static Call octave(const char *program, const char *source, String params, size_t more) {
    Call call = {.image = copied("octave"), .resources = RESOURCES, .keep_unchanged = true, .deterministic = true};
    call.on_failure = SIMULAY_PLUGIN_TYPES_ON_FAILURE_REPORT;
    call.command = strings((const char *[]){"octave-cli", "-qfHW", program}, 3);
    call.files.ptr = room(3 + more, sizeof *call.files.ptr);
    call.files.len = 3 + more;
    text_file(&call.files.ptr[0], program, copied(source));
    text_file(&call.files.ptr[1], "chain.m", copied(CHAIN_M));
    text_file(&call.files.ptr[2], "params.json", copied_string(params));
    return call;
}

Call modes_call(String params) {
    Call call = octave("modes.m", MODES_M, params, 0);
    call.name = copied("modes");
    call.outputs = strings((const char *[]){"modes.json", "shapes.csv"}, 2);
    return call;
}

Call sweep_call(String params, size_t number, Band band) {
    Call call = octave("sweep.m", SWEEP_M, params, 1);
    Text name = {0}, file = {0};
    add(&name, "resonance-%zu", number);
    add(&file, "{\"from_rad_per_s\": %.17g, \"to_rad_per_s\": %.17g, \"points\": %d}", band.from, band.to, POINTS);
    call.name = whole(&name);
    text_file(&call.files.ptr[3], "band.json", whole(&file));
    call.outputs = strings((const char *[]){"sweep.csv"}, 1);
    return call;
}

const char *complaint(const Result *result) {
    switch (result->ending.tag) {
    case SIMULAY_PLUGIN_TYPES_ENDING_EXITED:
        return result->ending.val.exited == 0 ? NULL : "Octave reported an error; see the log";
    case SIMULAY_PLUGIN_TYPES_ENDING_OUT_OF_MEMORY:
        return "out of memory: take fewer masses";
    case SIMULAY_PLUGIN_TYPES_ENDING_TIMED_OUT:
        return "timed out: take fewer masses";
    case SIMULAY_PLUGIN_TYPES_ENDING_PROCESS_LIMIT:
        return "Octave was refused a process";
    default:
        return "Octave did not come to its end";
    }
}

const Artifact *output(const Result *result, const char *path) {
    for (size_t i = 0; i < result->outputs.len; i++) {
        const Artifact *artifact = &result->outputs.ptr[i];
        bool same = artifact->path.len == strlen(path) && memcmp(artifact->path.ptr, path, artifact->path.len) == 0;
        if (same) return artifact;
    }
    return NULL;
}

bool read_output(const Result *result, const char *path, plugin_list_u8_t *bytes) {
    const Artifact *artifact = output(result, path);
    simulay_plugin_artifacts_read_error_t error;
    if (!artifact) return false;
    String sha256 = artifact->sha256;
    return simulay_plugin_artifacts_read(&sha256, 0, artifact->size, bytes, &error);
}
