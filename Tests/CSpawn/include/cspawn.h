// GNU's additions to posix_spawn, which Swift's Glibc module leaves out.
#ifndef OCPP_GATEWAY_CSPAWN_H
#define OCPP_GATEWAY_CSPAWN_H

#include <spawn.h>

int cspawn_add_chdir(posix_spawn_file_actions_t *actions, const char *path);
int cspawn_add_close_from(posix_spawn_file_actions_t *actions, int descriptor);

#endif
