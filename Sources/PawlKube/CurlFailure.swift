import CCurl

extension HTTPFailure {
  /// Reads libcurl's result; `verifyResult` is OpenSSL's (X509_V_ERR_…), which is finer than libcurl's code.
  init(code: CURLcode, verifyResult: Int, detail: String) {
    let text = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
    self.init(kind: Self.kind(code, verifyResult: verifyResult, detail: text), detail: text)
  }

  private static func kind(_ code: CURLcode, verifyResult: Int, detail: String) -> Kind {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_GOT_NOTHING,
      CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_PROXY, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
      // With TLS 1.3 a server refuses the client's certificate only after the handshake, by an alert that
      // arrives as a failed read.
      return detail.contains("alert") ? .tls(.clientCertificate) : .unreachable
    case CURLE_OPERATION_TIMEDOUT: return .timeout
    case CURLE_PEER_FAILED_VERIFICATION: return .tls(problem(verifyResult))
    case CURLE_SSL_CERTPROBLEM: return .tls(.clientCertificate)
    case CURLE_SSL_CONNECT_ERROR:
      if verifyResult > 1 { return .tls(problem(verifyResult)) }
      // A connection that is cut during the handshake is what a starting or stopping server looks like.
      if detail.contains("SSL_ERROR_SYSCALL") || detail.contains("unexpected eof") { return .unreachable }
      return .tls(detail.contains("alert") ? .clientCertificate : .handshake)
    case CURLE_SSL_CACERT_BADFILE: return .tls(.unknownAuthority)
    case CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED: return .tls(.handshake)
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION,
      CURLE_NOT_BUILT_IN:
      return .setup
    default: return .other
    }
  }

  private static func problem(_ verifyResult: Int) -> TLSProblem {
    switch verifyResult {
    case 9: .notYetValid
    case 10: .expired
    case 2, 18, 19, 20, 21: .unknownAuthority
    // 1 is what libcurl starts from: the chain was not the trouble.
    case 0, 1, 62, 64: .wrongName
    default: .handshake
    }
  }
}

extension HTTPFailure {
  /// The failure in words for the user.
  func error(server: String, action: String) -> KubeError {
    let code: KubeError.Code
    let sentence: String
    switch kind {
    case .unreachable:
      code = .unreachable
      sentence =
        "\(server) could not be reached for \(action); check that the API server runs and that this machine has a way to it."
    case .timeout:
      code = .timeout
      sentence =
        "\(server) did not answer \(action) in time; check the load on the API server and the network."
    case .tooLarge:
      code = .invalidResponse
      sentence = "\(server) answered \(action) with more than Pawl accepts; raise the limit or ask for less."
    case .cancelled: return .cancelled(server: server, action: action)
    case .setup:
      code = .configuration
      sentence = "The request for \(action) to \(server) can't be made; check the address in the kubeconfig."
    case .other:
      code = .invalidResponse
      sentence = "\(action) on \(server) failed below HTTP; check that the address is that of an API server."
    case .tls(let problem):
      code = .tls
      sentence = Self.sentence(problem, server: server)
    }
    return KubeError(code, server: server, message: sentence, cause: detail)
  }

  private static func sentence(_ problem: TLSProblem, server: String) -> String {
    switch problem {
    case .unknownAuthority:
      "The certificate of \(server) is not signed by the authority in the kubeconfig; get a kubeconfig of this cluster."
    case .wrongName:
      "The certificate of \(server) is for another name; use a name from the certificate or set tls-server-name."
    case .expired:
      "The certificate of \(server) has expired; renew it on the control plane (kubeadm certs renew)."
    case .notYetValid:
      "The certificate of \(server) is not valid yet; check the clocks of this machine and the control plane."
    case .clientCertificate:
      "\(server) and the client certificate in the kubeconfig do not go together; get a current kubeconfig of this cluster."
    case .handshake:
      "The TLS handshake with \(server) failed; check that the port is that of an API server with TLS 1.2 or later."
    }
  }
}
