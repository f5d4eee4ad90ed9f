/* Lets Octave leave at once when its status is known and all that it had to do at its end is done: what is left is that
 * a hundred libraries give back memory, which takes as long as many programs. What libraries that a program loaded have
 * to do at the end comes before this, since it was asked for later; files in HDF5 are closed here. Called with
 * anything, it closes HDF5 now, which Octave opens as it begins and closes as it ends: what needs it opens it again by
 * itself. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
close_hdf5 (void)
{
  int (*close) (void) = (int (*) (void)) dlsym (RTLD_DEFAULT, "H5close");
  if (close)
    close ();
}

static void
leave (int status, void *nothing)
{
  (void) nothing;
  close_hdf5 ();
  fflush (NULL);
  _exit (status);
}

void
mexFunction (int results, void **result, int arguments, const void **argument)
{
  (void) results, (void) result, (void) argument;
  if (arguments > 0)
    close_hdf5 ();
  else
    on_exit (leave, NULL);
}
