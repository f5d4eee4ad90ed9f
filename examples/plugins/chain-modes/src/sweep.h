// The answer of the chain to a harmonic force, near one resonance.
#pragma once
#include "chain.h"

enum { POINTS = 801 };

typedef struct {
    double from, to;
} Band;

typedef struct {
    double w[POINTS], amplitude[POINTS];
} Sweep;

typedef struct {
    double w, amplitude;
    // Not a number when the sweep does not fall to half the power on both sides.
    double loss;
} Peak;

// Where to sweep around mode `i`: clear of its neighbours.
Band band_around(const Chain *chain, const double *w, size_t i);

// Reads lines `w,amplitude`; false when there are not as many as were asked for.
bool sweep_read(Sweep *sweep, const uint8_t *text, size_t length);

Peak peak_of(const Sweep *sweep);
