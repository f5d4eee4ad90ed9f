// The fields of a JSON object.
#pragma once
#include "contract.h"
#include "jsmn.h"

typedef struct {
    const char *text;
    jsmntok_t *tokens;
    int count;
} Json;

// False when it is no JSON object.
bool json_read(Json *json, const uint8_t *text, size_t length);
// False when there is no finite number of this name.
bool json_number(const Json *json, const char *name, double *value);
// Reads at most `most` numbers; false when there is no such list of finite numbers.
bool json_numbers(const Json *json, const char *name, double *values, size_t most, size_t *count);
// A string without escapes; NULL when there is none.
const char *json_text(const Json *json, const char *name);
