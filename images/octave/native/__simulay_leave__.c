/* Lets Octave leave at once when its status is known and all that it had to do at its end is done: what is left is that
 * a hundred libraries give back memory, which takes as long as many programs. What libraries that a program loaded have
 * to do at the end comes before this, since it was asked for later; files in HDF5 are closed here. Called with
 * one thing, it closes HDF5 now, which Octave opens as it begins and closes as it ends: what needs it opens it again by
 * itself; and it sets aside what Octave ends with, see `octave-cli.cc`. Called with two, it has a process that sleeps share
 * the memory from now on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { INIT = 1, STACK_BYTES = 16 << 10 };

/* How many processes the container has, and may have, in both versions of cgroups. */
static const char *const COUNTS[][2] = {
  {"/sys/fs/cgroup/pids.current", "/sys/fs/cgroup/pids.max"},
  {"/sys/fs/cgroup/pids/pids.current", "/sys/fs/cgroup/pids/pids.max"},
};

/* Whose memory another process has from the beginning. */
static pid_t shared;

/* Looked for as Octave begins: in a hundred libraries that takes a while. */
static int (*close_hdf5) (void);

/* -1 when it cannot be read; as high as can be when it is not bounded. */
static long
count_in (const char *place)
{
  char text[24] = "", *end;
  int file = open (place, O_RDONLY | O_CLOEXEC);
  ssize_t got = file < 0 ? -1 : read (file, text, sizeof text - 1);
  close (file);
  long count = strtol (text, &end, 10);
  return got < 0 ? -1 : end == text ? LONG_MAX : count;
}

/* A process that is refused would be counted as one that the program wanted. */
static int
may_have_one_more (void)
{
  for (size_t k = 0; k < sizeof COUNTS / sizeof COUNTS[0]; k++)
    {
      long there = count_in (COUNTS[k][0]), most = count_in (COUNTS[k][1]);
      if (there >= 0 && most >= 0)
        return there < most;
    }
  return 0;
}

/* What sleeps uses nothing of the memory but its stack, has no files, and wakes for nothing. */
static int
sleep_on (void *until_alone)
{
  if (close_range (0, ~0U, 0))
    _exit (0);
  if (! until_alone || prctl (PR_SET_PDEATHSIG, SIGKILL) == 0)
    while (! until_alone || getppid () != INIT)
      pause ();
  _exit (0);
}

/* A process that ends first gives back its memory, which takes longer than a small program, and only then tells that it
 * has ended. Another that shares the memory, and ends after it, gives it back later: as soon as it is alone, or with its
 * container. */
static int
share_memory (int until_alone)
{
  static char stack[STACK_BYTES] __attribute__ ((aligned (16)));
  sigset_t all, mask;
  sigfillset (&all);
  if (sigprocmask (SIG_SETMASK, &all, &mask))
    return 0;
  int other = clone (sleep_on, stack + sizeof stack, CLONE_VM, until_alone ? stack : NULL);
  sigprocmask (SIG_SETMASK, &mask, NULL);
  return other > 0;
}

/* Only where nothing follows that may need the memory: `simulay-init` waits for the next job until it is free. */
static void
leave_memory (void)
{
  if (shared != getpid () && getppid () == INIT && may_have_one_more ())
    share_memory (1);
}

/* Other programs of Octave than this image's `octave-cli` have it not: they read the same functions once more. */
static void
set_aside (void)
{
  void (*set_aside) (void) = (void (*) (void)) dlsym (RTLD_DEFAULT, "simulay_set_aside");
  if (set_aside)
    set_aside ();
}

static void
leave (int status, void *nothing)
{
  (void) nothing;
  if (close_hdf5)
    close_hdf5 ();
  fflush (NULL);
  leave_memory ();
  _exit (status);
}

void
mexFunction (int results, void **result, int arguments, const void **argument)
{
  (void) results, (void) result, (void) argument;
  if (arguments == 0)
    {
      close_hdf5 = (int (*) (void)) dlsym (RTLD_DEFAULT, "H5close");
      on_exit (leave, NULL);
    }
  else if (arguments > 1)
    shared = share_memory (0) ? getpid () : 0;
  else
    {
      if (close_hdf5)
        close_hdf5 ();
      set_aside ();
    }
}
