import CCurl
import Foundation

/// One libcurl handle with what it has received. Lives on the loop's thread only, freed once, in `deinit`.
final class CurlTransfer {
  /// libcurl's easy handle.
  let handle: UnsafeMutableRawPointer
  private let completion: @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void
  private let mode: HTTPRequest.Mode
  private var headers: UnsafeMutablePointer<curl_slist>?
  private var redirection: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>
  private var body = Data()
  private var retryAfter: Int?
  private var isFinished = false
  /// Why our own callback stopped the transfer, if it did.
  private var stopped: Stop?

  private enum Stop { case tooLarge, notWanted }
  /// A refusal's body is needed for its Status object only.
  private static let refusalLimit = 1 << 20

  init(
    _ request: HTTPRequest, completion: @escaping @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void
  ) throws(HTTPFailure) {
    guard let handle = curl_easy_init() else {
      throw HTTPFailure(kind: .setup, detail: "curl_easy_init failed")
    }
    self.handle = handle
    self.completion = completion
    mode = request.mode
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    for header in request.headers { headers = curl_slist_append(headers, header) }
    if let redirect = request.connectTo { redirection = curl_slist_append(nil, redirect) }
    try configure(request)
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headers)
    curl_slist_free_all(redirection)
    errorText.deallocate()
  }

  /// Reports the outcome, once.
  func finish(_ code: CURLcode) {
    deliver(outcome(code))
  }

  /// Reports that nobody wants the outcome any more.
  func cancel() {
    deliver(.failure(HTTPFailure(kind: .cancelled, detail: "cancelled")))
  }

  private func deliver(_ outcome: Result<HTTPResponse, HTTPFailure>) {
    guard !isFinished else { return }
    isFinished = true
    completion(outcome)
  }

  private func outcome(_ code: CURLcode) -> Result<HTTPResponse, HTTPFailure> {
    switch stopped {
    case .tooLarge: return .failure(HTTPFailure(kind: .tooLarge, detail: "limit on the answer reached"))
    case .notWanted: return .failure(HTTPFailure(kind: .cancelled, detail: "no reader"))
    case nil: break
    }
    guard code == CURLE_OK else {
      return .failure(
        HTTPFailure(
          code: code, verifyResult: information(CURLINFO_SSL_VERIFYRESULT),
          detail: String(cString: errorText)))
    }
    let version = information(CURLINFO_HTTP_VERSION)
    return .success(
      HTTPResponse(
        status: information(CURLINFO_RESPONSE_CODE), retryAfter: retryAfter, body: body,
        newConnections: information(CURLINFO_NUM_CONNECTS),
        httpVersion: version == CURL_HTTP_VERSION_2_0 ? 2 : 1))
  }

  private func information(_ info: CURLINFO) -> Int {
    var value = 0
    return pawl_curl_get_long(handle, info, &value) == CURLE_OK ? value : 0
  }

  // MARK: Receiving

  /// Takes a piece of the body; false stops the transfer.
  fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    body.append(contentsOf: bytes)
    switch mode {
    case .whole(let limit): return within(limit)
    case .lines(let limit, let want):
      guard information(CURLINFO_RESPONSE_CODE) == 200 else { return within(Self.refusalLimit) }
      return forwardLines(to: want) && within(limit)
    }
  }

  private func within(_ limit: Int) -> Bool {
    if body.count > limit { stopped = .tooLarge }
    return body.count <= limit
  }

  private func forwardLines(to want: (Data) -> Bool) -> Bool {
    let newline = UInt8(ascii: "\n")
    var start = body.startIndex
    while let end = body[start...].firstIndex(of: newline) {
      if end > start, !want(Data(body[start..<end])) {
        stopped = .notWanted
        return false
      }
      start = body.index(after: end)
    }
    body = Data(body[start...])
    return true
  }

  fileprivate func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      retryAfter = nil
      body.removeAll()
    } else if let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "retry-after" {
      retryAfter = Int(line[line.index(after: colon)...].trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }
}

// MARK: - Options

extension CurlTransfer {
  private func configure(_ request: HTTPRequest) throws(HTTPFailure) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    try check(pawl_curl_set_error_buffer(handle, errorText))
    try check(pawl_curl_set_write(handle, onBody, context))
    try check(pawl_curl_set_header(handle, onHeader, context))
    try check(pawl_curl_detect_dead_peer(handle))
    try set(CURLOPT_URL, request.url)
    try set(CURLOPT_PROTOCOLS_STR, "https,http")
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
    try set(CURLOPT_PIPEWAIT, 1)
    try set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.milliseconds)
    try set(CURLOPT_TIMEOUT_MS, request.timeout.milliseconds)
    try set(CURLOPT_FRESH_CONNECT, request.freshConnection ? 1 : 0)
    // Nothing from the environment: an empty text switches libcurl's look at https_proxy off.
    try set(CURLOPT_PROXY, request.proxy.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "")
    try check(pawl_curl_set_list(handle, CURLOPT_HTTPHEADER, headers))
    if redirection != nil { try check(pawl_curl_set_list(handle, CURLOPT_CONNECT_TO, redirection)) }
    try setMethod(request)
    try setTLS(request)
  }

  private func setMethod(_ request: HTTPRequest) throws(HTTPFailure) {
    if let body = request.body {
      let code = body.withUnsafeBytes { pawl_curl_set_body(handle, $0.baseAddress, $0.count) }
      try check(code)
    }
    if request.method != "GET" { try set(CURLOPT_CUSTOMREQUEST, request.method) }
    if case .whole = request.mode, request.method == "GET" { try set(CURLOPT_ACCEPT_ENCODING, "gzip") }
  }

  private func setTLS(_ request: HTTPRequest) throws(HTTPFailure) {
    try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
    try set(CURLOPT_SSL_VERIFYPEER, request.verifiesServer ? 1 : 0)
    try set(CURLOPT_SSL_VERIFYHOST, request.verifiesServer ? 2 : 0)
    if let authority = request.certificateAuthority {
      // The cluster's own authority and no other: Debian's libcurl would add the machine's directory.
      try check(pawl_curl_set_string(handle, CURLOPT_CAPATH, nil))
      try set(CURLOPT_CAINFO_BLOB, authority)
    }
    if let certificate = request.certificate { try set(CURLOPT_SSLCERT_BLOB, certificate) }
    if let key = request.key { try set(CURLOPT_SSLKEY_BLOB, key) }
  }

  private func set(_ option: CURLoption, _ value: Int) throws(HTTPFailure) {
    try check(pawl_curl_set_long(handle, option, value))
  }

  private func set(_ option: CURLoption, _ value: String) throws(HTTPFailure) {
    try check(pawl_curl_set_string(handle, option, value))
  }

  private func set(_ option: CURLoption, _ value: Data) throws(HTTPFailure) {
    let code = value.withUnsafeBytes { pawl_curl_set_blob(handle, option, $0.baseAddress, $0.count) }
    try check(code)
  }

  private func check(_ code: CURLcode) throws(HTTPFailure) {
    guard code == CURLE_OK else {
      throw HTTPFailure(kind: .setup, detail: String(cString: curl_easy_strerror(code)))
    }
  }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
  context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private let onBody: curl_write_callback = { bytes, size, count, context in
  let length = size * count
  let taken = transfer(context)?.receive(UnsafeRawBufferPointer(start: bytes, count: length)) ?? false
  // Anything but the full length makes libcurl stop; zero would be the full length of an empty piece.
  return taken ? length : length + 1
}

private let onHeader: curl_write_callback = { bytes, size, count, context in
  transfer(context)?.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
  return size * count
}

extension Duration {
  /// Whole milliseconds, at least one: zero would mean "for ever" to libcurl.
  var milliseconds: Int {
    let (seconds, attoseconds) = components
    return max(1, Int(clamping: seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
  }
}
