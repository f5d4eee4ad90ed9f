// The contract's types by short names, and what is handed to the host.
#pragma once
#include <stddef.h>

#include "plugin.h"

typedef plugin_string_t String;
typedef exports_simulay_plugin_pipeline_manifest_t Manifest;
typedef exports_simulay_plugin_pipeline_request_t Request;
typedef exports_simulay_plugin_pipeline_step_t Step;
typedef exports_simulay_plugin_pipeline_next_t Next;
typedef exports_simulay_plugin_pipeline_failure_t Failure;
typedef exports_simulay_plugin_pipeline_report_t Report;
typedef exports_simulay_plugin_pipeline_plot_t Plot;
typedef exports_simulay_plugin_pipeline_list_container_result_t Results;
typedef simulay_plugin_types_container_call_t Call;
typedef simulay_plugin_types_container_result_t Result;
typedef simulay_plugin_types_artifact_t Artifact;
typedef simulay_plugin_types_file_t File;

extern const simulay_plugin_types_resources_t RESOURCES;

// Zeroed memory. An instance serves one call: what is left at its end goes with it.
void *room(size_t count, size_t size);

String copied(const char *text);

// Text that grows as it is written.
typedef struct {
    char *text;
    size_t length, room;
} Text;

void add(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
String whole(const Text *text);
