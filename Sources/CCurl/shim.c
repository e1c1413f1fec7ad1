#include "CCurl.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { idle_seconds = 20, interval_seconds = 5, unacknowledged_milliseconds = 30000 };

// Keep-alive alone says nothing while data is unacknowledged, and an HTTP/2 connection to a host that
// lost power would then hold every request for some 15 minutes. TCP_USER_TIMEOUT closes that gap.
static int on_socket(void *context, curl_socket_t socket, curlsocktype purpose) {
  (void)context;
  (void)purpose;
  unsigned int limit = unacknowledged_milliseconds;
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
  return CURL_SOCKOPT_OK;
}

CURLcode pawl_curl_detect_dead_peer(CURL *handle) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, (long)idle_seconds);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, (long)interval_seconds);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, on_socket);
  return code;
}

int pawl_curl_multi_next_done(CURLM *multi, CURL **handle, CURLcode *result) {
  int left = 0;
  CURLMsg *message;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE) continue;
    *handle = message->easy_handle;
    *result = message->data.result;
    return 1;
  }
  return 0;
}
