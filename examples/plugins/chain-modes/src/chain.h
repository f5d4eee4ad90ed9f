// A chain of masses, and what is known of it without Octave.
#pragma once
#include "contract.h"

enum { MOST_MASSES = 200, MOST_RESONANCES = 4 };

typedef struct {
    size_t count;
    double mass[MOST_MASSES];
    // One before each mass, one after the last.
    double spring[MOST_MASSES + 1];
    double loss;
    // Counted from nought.
    size_t driven, observed;
    size_t resonances;
} Chain;

// Where a request is wrong, and why.
typedef struct {
    const char *pointer, *message;
} Refusal;

// False when the parameters are no chain.
bool chain_read(Chain *chain, String params, Refusal *refusal);

// How many modes lie below `w`, in rad/s: by Sturm's theorem, the negative pivots of K - w^2 M.
size_t modes_below(const Chain *chain, double w);

// NULL when `w` are the modes of the chain, each within `tolerance`; else what is wrong.
const char *prove(const Chain *chain, const double *w, size_t count, double *tolerance);

// How far the observed mass moves for each unit of force.
double amplitude_at(const Chain *chain, double w);
