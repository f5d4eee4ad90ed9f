/* Makes an Octave that has begun into one that has a child of its own for each job, see `__simulay_job__.m`.
 *
 * What was its standard input is a socket of `simulay-init`. A message on it is the user whom a child is to be, with
 * three descriptors: its standard output, its standard error, and its variables, as NAME=VALUE and a zero byte each.
 * Nothing of a job is ever read here: only the child reads its variables. The child answers with its process once it is
 * that user and has no right beside; init is its parent. It returns to Octave, which goes on as one that was started for
 * the job. This process never returns. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "variables.h"

/* `octave::install_signal_handlers`: has a thread wait for signals, and only the one that forks is in a child. */
extern void wait_for_signals (void) __asm__ ("_ZN6octave23install_signal_handlersEv");

enum { LARGEST_GAP = 64 << 10, SMALLEST_GAP = 16, STEP = 16 };
enum { DESCRIPTORS = 3, OUTPUT = 0, ERRORS = 1, VARIABLES = 2, UNHEARD = 3 };

static int host;

struct job {
  uint32_t user;
  int descriptors[DESCRIPTORS];
};

static int
say (int32_t word)
{
  return send (host, &word, sizeof word, MSG_NOSIGNAL) == sizeof word ? 0 : -1;
}

/* 1 for a job, 0 for a message that is none, -1 when no more comes. */
static int
next_job (struct job *job)
{
  union { char bytes[CMSG_SPACE (sizeof job->descriptors)]; struct cmsghdr head; } control = {{0}};
  struct iovec part = {&job->user, sizeof job->user};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
                           .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t got;
  while ((got = recvmsg (host, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
    ;
  if (got <= 0)
    return -1;
  struct cmsghdr *head = CMSG_FIRSTHDR (&message);
  if (got != sizeof job->user || ! head || head->cmsg_type != SCM_RIGHTS
      || head->cmsg_len != CMSG_LEN (sizeof job->descriptors))
    return 0;
  memcpy (job->descriptors, CMSG_DATA (head), sizeof job->descriptors);
  return 1;
}

/* The first to be killed when memory runs out. */
static int
be_worst (void)
{
  int place = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  int written = place < 0 ? -1 : write (place, "1000", 4);
  close (place);
  return written == 4 ? 0 : -1;
}

static int
be_user (uid_t user)
{
  if (setgroups (0, NULL) || setresgid (user, user, user) || setresuid (user, user, user))
    return -1;
  if (setuid (0) == 0 || setgid (0) == 0 || getuid () != user || getgid () != user)
    return -1;
  /* As a program that was started by that user is; nobody else is. */
  return prctl (PR_SET_DUMPABLE, 1);
}

/* Opened anew each time: what is opened once has one state for all who have it. */
static int
have_no_input (void)
{
  int nothing = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  int done = nothing < 0 ? -1 : dup2 (nothing, STDIN_FILENO);
  close (nothing);
  return done == STDIN_FILENO ? 0 : -1;
}

static int
be_child (const struct job *job)
{
  if (setsid () < 0 || have_no_input () || dup2 (job->descriptors[OUTPUT], STDOUT_FILENO) < 0
      || dup2 (job->descriptors[ERRORS], STDERR_FILENO) < 0)
    return -1;
  return be_worst () || be_user (job->user) || say (getpid ());
}

/* Returns in the child alone, once its parent is init. The process between them has the memory of this one, which stands
 * still meanwhile: only one copy is made of all that Octave has. */
static void
fork_for (const struct job *job, const sigset_t *mask)
{
  pid_t between = vfork ();
  if (between == 0)
    {
      pid_t parent = getpid ();
      pid_t child = fork ();
      if (child != 0)
        _exit (child < 0 ? UNHEARD : 0);
      while (getppid () == parent)
        sched_yield ();
      if (be_child (job) || take_variables (job->descriptors[VARIABLES]))
        {
          say (-1);
          _exit (UNHEARD);
        }
      close_range (STDERR_FILENO + 1, ~0U, 0);
      sigprocmask (SIG_SETMASK, mask, NULL);
      wait_for_signals ();
      return;
    }
  for (int k = 0; k < DESCRIPTORS; k++)
    close (job->descriptors[k]);
  int status = 0;
  while (between > 0 && waitpid (between, &status, 0) < 0 && errno == EINTR)
    ;
  if (between < 0 || ! WIFEXITED (status) || WEXITSTATUS (status) != 0)
    say (-1);
}

/* Takes what is free between what is in use, for ever: what a child asks for then lies together, behind all that, and not
 * on hundreds of pages that would be copied for it. */
static void
fill_gaps (void)
{
  const char *end = (const char *) sbrk (0) - mallinfo2 ().keepcost;
  for (size_t size = LARGEST_GAP; size >= SMALLEST_GAP; size -= STEP)
    for (char *gap; (gap = malloc (size)); )
      if (gap >= end)
        {
          free (gap);
          break;
        }
}

void
mexFunction (int results, void **result, int arguments, const void **argument)
{
  (void) results, (void) result, (void) arguments, (void) argument;
  sigset_t children, mask;
  sigemptyset (&children);
  sigaddset (&children, SIGCHLD);
  sigprocmask (SIG_BLOCK, &children, &mask);
  prctl (PR_SET_DUMPABLE, 0);
  fill_gaps ();
  host = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  pid_t self = getpid ();
  if (host < 0 || have_no_input () || say (0))
    _exit (UNHEARD);
  struct job job;
  for (int more; (more = next_job (&job)) >= 0; )
    {
      if (more)
        fork_for (&job, &mask);
      if (getpid () != self)
        return;
    }
  _exit (0);
}
