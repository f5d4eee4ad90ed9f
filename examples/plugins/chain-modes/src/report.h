// What is known after each step.
#pragma once
#include "sweep.h"

// The proven modes.
typedef struct {
    double w[MOST_MASSES];
    double tolerance;
    // SHA-256 of the shapes.
    String shapes;
} Modes;

// The state handed over to the second step.
String modes_written(const Modes *modes, size_t count);
// False when the state is that of the first step.
bool modes_read(Modes *modes, String state);

Report report_of(const Chain *chain, const Modes *modes, const Sweep *sweeps);
