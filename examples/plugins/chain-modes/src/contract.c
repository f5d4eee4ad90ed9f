#include "contract.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const simulay_plugin_types_resources_t RESOURCES = {
    .cpu_milli = 1000, .memory_mib = 256, .scratch_mib = 16, .timeout_ms = 60000};

void *room(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) abort();
    return memory;
}

String copied(const char *text) {
    String string = {room(strlen(text), 1), strlen(text)};
    memcpy(string.ptr, text, string.len);
    return string;
}

void add(Text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t more = (size_t)vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (text->length + more + 1 > text->room) {
        text->room = 2 * (text->length + more + 1);
        text->text = realloc(text->text, text->room);
        if (!text->text) abort();
    }
    vsnprintf(text->text + text->length, more + 1, format, again);
    va_end(again);
    text->length += more;
}

String whole(const Text *text) { return copied(text->text); }
