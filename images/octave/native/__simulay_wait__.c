/* Has an Octave that was started ahead of its job wait for it, at the pipe that `SIMULAY_BOOT` names: what comes through it
 * are the job's variables. Its files come before. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

#include "variables.h"

enum { UNHEARD = 3 };

void
mexFunction (int results, void **result, int arguments, const void **argument)
{
  (void) results, (void) result, (void) arguments, (void) argument;
  const char *place = getenv ("SIMULAY_BOOT");
  /* Who opens it for writing waits for that; a signal may come meanwhile. */
  int job = -1;
  while (place && (job = open (place, O_RDONLY | O_CLOEXEC)) < 0 && errno == EINTR)
    ;
  unsetenv ("SIMULAY_BOOT");
  if (job < 0 || take_variables (job))
    {
      fputs ("SIMULAY_BOOT names no pipe through which variables come\n", stderr);
      _exit (UNHEARD);
    }
  close (job);
}
