// The containers that run, and what they leave.
#pragma once
#include "sweep.h"

Call modes_call(String params);
Call sweep_call(String params, size_t number, Band band);

// NULL when the call came to its end; else why not.
const char *complaint(const Result *result);
// NULL when the result has no such file.
const Artifact *output(const Result *result, const char *path);
// False when the result has no such file, or it cannot be read.
bool read_output(const Result *result, const char *path, plugin_list_u8_t *bytes);
