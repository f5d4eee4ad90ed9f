#include <string.h>

#include "chain.h"
#include "texts.h"

typedef struct {
    const char *name, *params, *expect;
    double tolerance;
} Case;

// Uniform chains have w = 2 sqrt(k / m) sin(...); one mass on one spring moves 1 / (k loss) at its resonance.
static const Case CASES[] = {
    {"Eight masses between two walls", "{\"resonances\": 1}",
     "{\"frequencies_Hz\": [1.747915193071317, 3.4427208674889274, 5.032921210448703, 6.470198789210012,"
     " 7.71088265183974, 8.717275246988208, 9.458797844911057, 9.912919656698941]}",
     1e-9},
    {"One mass on a spring",
     "{\"masses_kg\": [2], \"springs_N_per_m\": [800, 0], \"loss_factor\": 0.05, \"resonances\": 1}",
     "{\"frequencies_Hz\": [3.183098861837907], \"resonances\": [{\"frequency_Hz\": 3.183098861837907,"
     " \"amplitude_m_per_N\": 0.025, \"loss_factor\": 0.05}]}",
     1e-3},
};

void exports_simulay_plugin_pipeline_describe(Manifest *ret) {
    memset(ret, 0, sizeof *ret);
    ret->name = copied("chain-modes");
    ret->version = copied("0.1.0");
    ret->title = copied("Modes and resonances of a chain of masses");
    ret->description = copied(DESCRIPTION_MD);
    ret->params_schema = copied(PARAMS_JSON);
    ret->result_schema = copied(RESULT_JSON);
    ret->max_resources = RESOURCES;
    ret->max_parallel = MOST_RESONANCES;
    ret->images.len = 1;
    ret->images.ptr = room(1, sizeof *ret->images.ptr);
    ret->images.ptr[0].name = copied("octave");
    ret->images.ptr[0].purpose = copied("Finds the modes, and sweeps the resonances.");
    ret->examples.len = sizeof CASES / sizeof *CASES;
    ret->examples.ptr = room(ret->examples.len, sizeof *ret->examples.ptr);
    for (size_t i = 0; i < ret->examples.len; i++) {
        ret->examples.ptr[i].name = copied(CASES[i].name);
        ret->examples.ptr[i].params = copied(CASES[i].params);
        ret->examples.ptr[i].expect.is_some = true;
        ret->examples.ptr[i].expect.val = copied(CASES[i].expect);
        ret->examples.ptr[i].tolerance = CASES[i].tolerance;
    }
}
