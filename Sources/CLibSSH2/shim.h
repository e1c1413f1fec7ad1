#pragma once
#include <libssh2.h>

/// Typed setters: the library takes the callbacks as untyped pointers.
static inline void pawl_session_set_io(
    LIBSSH2_SESSION *session,
    ssize_t (*sender)(libssh2_socket_t, const void *, size_t, int, void **),
    ssize_t (*receiver)(libssh2_socket_t, void *, size_t, int, void **)) {
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)sender);
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)receiver);
}
