#pragma once
#ifndef CURL_DISABLE_TYPECHECK
#define CURL_DISABLE_TYPECHECK
#endif
#include <curl/curl.h>
#include <stddef.h>
#include <sys/types.h>

// Swift can't call variadic C functions, so each kind of option gets a typed function.

static inline CURLcode pawl_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

static inline CURLcode pawl_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode pawl_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

// libcurl keeps a copy of its own, so the bytes need to live for the call only.
static inline CURLcode pawl_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t length) {
  struct curl_blob blob;
  blob.data = (void *)bytes;
  blob.len = length;
  blob.flags = CURL_BLOB_COPY;
  return curl_easy_setopt(handle, option, &blob);
}

// The list must live until the transfer is over.
static inline CURLcode pawl_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
  return curl_easy_setopt(handle, option, list);
}

// The size goes first: libcurl copies as many bytes as it was told before.
static inline CURLcode pawl_curl_set_body(CURL *handle, const void *bytes, size_t length) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, (const char *)bytes);
}

static inline CURLcode pawl_curl_set_write(CURL *handle, curl_write_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, callback);
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

static inline CURLcode pawl_curl_set_header(CURL *handle, curl_write_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, callback);
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
}

// The buffer holds CURL_ERROR_SIZE bytes and lives as long as the handle.
static inline CURLcode pawl_curl_set_error_buffer(CURL *handle, char *buffer) {
  return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}

static inline CURLcode pawl_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode pawl_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

// Sets the limits after which the kernel gives up on a peer that no longer answers (see shim.c).
CURLcode pawl_curl_detect_dead_peer(CURL *handle);

// Takes the next finished transfer; returns 0 when there is none.
int pawl_curl_multi_next_done(CURLM *multi, CURL **handle, CURLcode *result);

// Starts a command (a credential plugin) in a process group of its own, with nothing to read and no descriptor but
// the standard three. On success returns 0, the child and the ends from which its output is read; else an errno.
// Here because Swift's view of glibc lacks pipe2 and posix_spawn_file_actions_addclosefrom_np.
int pawl_spawn(const char *path, char *const argv[], char *const envp[], pid_t *child, int *output, int *error_output);
