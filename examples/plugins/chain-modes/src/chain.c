#include "chain.h"

#include <complex.h>
#include <float.h>
#include <math.h>

#include "json.h"

static bool refuse(Refusal *refusal, const char *pointer, const char *message) {
    *refusal = (Refusal){pointer, message};
    return false;
}

static bool is_connected(const Chain *chain) {
    for (size_t i = 1; i < chain->count; i++) {
        if (chain->spring[i] <= 0) return false;
    }
    return chain->spring[0] + chain->spring[chain->count] > 0;
}

static bool index_of(const Json *json, const char *name, size_t count, size_t *index) {
    double number;
    if (!json_number(json, name, &number) || number < 1 || number > (double)count) return false;
    *index = (size_t)number - 1;
    return true;
}

bool chain_read(Chain *chain, String params, Refusal *refusal) {
    Json json;
    size_t springs = 0;
    double resonances = 0;
    bool read = json_read(&json, params.ptr, params.len) &&
                json_numbers(&json, "masses_kg", chain->mass, MOST_MASSES, &chain->count) &&
                json_numbers(&json, "springs_N_per_m", chain->spring, MOST_MASSES + 1, &springs) &&
                json_number(&json, "loss_factor", &chain->loss) && json_number(&json, "resonances", &resonances);
    if (!read) return refuse(refusal, "", "the parameters are not as the schema says");
    chain->resonances = (size_t)fmin(fmin(resonances, MOST_RESONANCES), (double)chain->count);
    if (springs != chain->count + 1) {
        return refuse(refusal, "/springs_N_per_m", "give one spring more than there are masses");
    }
    if (!is_connected(chain)) {
        return refuse(refusal, "/springs_N_per_m", "only the first or the last spring may be 0, not both");
    }
    if (!index_of(&json, "driven", chain->count, &chain->driven)) {
        return refuse(refusal, "/driven", "there is no such mass");
    }
    if (!index_of(&json, "observed", chain->count, &chain->observed)) {
        return refuse(refusal, "/observed", "there is no such mass");
    }
    return true;
}

static double stiffness(const Chain *chain, size_t i) { return chain->spring[i] + chain->spring[i + 1]; }

size_t modes_below(const Chain *chain, double w) {
    size_t negative = 0;
    double pivot = 1;
    for (size_t i = 0; i < chain->count; i++) {
        double coupling = i ? chain->spring[i] : 0;
        pivot = stiffness(chain, i) - w * w * chain->mass[i] - coupling * coupling / pivot;
        // A pivot of nought is as good as a very small one.
        if (pivot == 0) pivot = -DBL_MIN;
        negative += pivot < 0;
    }
    return negative;
}

// No mode is faster: Gershgorin's bound.
static double bound(const Chain *chain) {
    double greatest = 0;
    for (size_t i = 0; i < chain->count; i++) {
        greatest = fmax(greatest, 2 * stiffness(chain, i) / chain->mass[i]);
    }
    return sqrt(greatest);
}

const char *prove(const Chain *chain, const double *w, size_t count, double *tolerance) {
    if (count != chain->count) return "Octave found another number of modes than there are masses";
    *tolerance = 1e-9;
    double margin = *tolerance * bound(chain);
    for (size_t i = 0; i < count; i++) {
        double low = fmax(0, w[i] - margin);
        // Modes of a chain are single: exactly one is in here, unless another is as close as the margin.
        if (modes_below(chain, low) > i || modes_below(chain, w[i] + margin) <= i) {
            return "a frequency that Octave found is none of the chain's";
        }
    }
    return NULL;
}

double amplitude_at(const Chain *chain, double w) {
    // (K (1 + i loss) - w^2 M) x = force, by elimination.
    double complex damped = 1 + I * chain->loss;
    double complex pivot[MOST_MASSES], right[MOST_MASSES], x = 0;
    for (size_t i = 0; i < chain->count; i++) {
        double complex coupling = i ? -chain->spring[i] * damped : 0;
        pivot[i] = stiffness(chain, i) * damped - w * w * chain->mass[i];
        right[i] = i == chain->driven;
        if (i) {
            pivot[i] -= coupling * coupling / pivot[i - 1];
            right[i] -= coupling * right[i - 1] / pivot[i - 1];
        }
    }
    for (size_t i = chain->count; i-- > chain->observed;) {
        double complex next = i + 1 < chain->count ? -chain->spring[i + 1] * damped * x : 0;
        x = (right[i] - next) / pivot[i];
    }
    return cabs(x);
}
