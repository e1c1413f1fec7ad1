#define _GNU_SOURCE
#include "CCurl.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

static int start(const char *path, char *const argv[], char *const envp[], pid_t *child, int output, int error_output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int code = posix_spawn_file_actions_init(&actions);
  if (code != 0) return code;
  code = posix_spawnattr_init(&attributes);
  if (code != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return code;
  }
  if (code == 0) code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, error_output, 2);
  if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (code == 0) code = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  if (code == 0) code = posix_spawnattr_setpgroup(&attributes, 0);
  if (code == 0) code = posix_spawn(child, path, &actions, &attributes, argv, envp);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

int pawl_spawn(const char *path, char *const argv[], char *const envp[], pid_t *child, int *output, int *error_output) {
  int first[2], second[2];
  if (pipe2(first, O_CLOEXEC) != 0) return errno;
  if (pipe2(second, O_CLOEXEC) != 0) {
    int code = errno;
    close(first[0]);
    close(first[1]);
    return code;
  }
  int code = start(path, argv, envp, child, first[1], second[1]);
  close(first[1]);
  close(second[1]);
  if (code != 0) {
    close(first[0]);
    close(second[0]);
    return code;
  }
  *output = first[0];
  *error_output = second[0];
  return 0;
}
