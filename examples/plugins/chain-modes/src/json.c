#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *terminated(const char *text, size_t length) {
    char *copy = room(length + 1, 1);
    memcpy(copy, text, length);
    return copy;
}

bool json_read(Json *json, const uint8_t *text, size_t length) {
    json->text = terminated((const char *)text, length);
    jsmn_parser parser;
    jsmn_init(&parser);
    // Each token takes a character at least.
    json->tokens = room(length + 1, sizeof *json->tokens);
    json->count = jsmn_parse(&parser, json->text, length, json->tokens, (unsigned)length + 1);
    return json->count > 0 && json->tokens[0].type == JSMN_OBJECT;
}

// The token after one and all that is inside it.
static int after(const Json *json, int token) {
    int end = json->tokens[token].end;
    do token++;
    while (token < json->count && json->tokens[token].start < end);
    return token;
}

static bool is(const Json *json, int token, const char *name) {
    const jsmntok_t *key = &json->tokens[token];
    size_t length = (size_t)(key->end - key->start);
    return length == strlen(name) && memcmp(json->text + key->start, name, length) == 0;
}

// The token of a field's value; 0, which is the object itself, when there is none.
static int field(const Json *json, const char *name) {
    for (int key = 1; key + 1 < json->count; key = after(json, key + 1)) {
        if (is(json, key, name)) return key + 1;
    }
    return 0;
}

static bool number(const Json *json, int token, double *value) {
    if (json->tokens[token].type != JSMN_PRIMITIVE) return false;
    const char *text = json->text + json->tokens[token].start;
    char *end;
    *value = strtod(text, &end);
    return end == json->text + json->tokens[token].end && isfinite(*value);
}

bool json_number(const Json *json, const char *name, double *value) {
    return number(json, field(json, name), value);
}

bool json_numbers(const Json *json, const char *name, double *values, size_t most, size_t *count) {
    int list = field(json, name);
    if (json->tokens[list].type != JSMN_ARRAY || (size_t)json->tokens[list].size > most) return false;
    *count = (size_t)json->tokens[list].size;
    for (size_t i = 0; i < *count; i++) {
        int token = list + 1 + (int)i;
        if (token >= json->count || !number(json, token, &values[i])) return false;
    }
    return true;
}

const char *json_text(const Json *json, const char *name) {
    const jsmntok_t *token = &json->tokens[field(json, name)];
    if (token->type != JSMN_STRING) return NULL;
    return terminated(json->text + token->start, (size_t)(token->end - token->start));
}
