import Foundation
import Testing

@testable import PawlKube

@Suite("Kubeconfig")
struct KubeconfigTests {
  static func config(
    cluster: String = #"{"server":"https://k:6443"}"#, user: String = "{}", current: String = #""c""#,
    context: String = #"{"cluster":"k","user":"u","namespace":"team"}"#
  ) throws -> Kubeconfig {
    try decode(
      """
      {"apiVersion":"v1","kind":"Config","preferences":{},"current-context":\(current),
       "clusters":[{"name":"k","cluster":\(cluster)}],"users":[{"name":"u","user":\(user)}],
       "contexts":[{"name":"c","context":\(context)},{"name":"b","context":{"cluster":"none","user":"u"}}]}
      """)
  }

  static func decode(_ text: String) throws -> Kubeconfig {
    try JSONDecoder().decode(Kubeconfig.self, from: Data(text.utf8))
  }

  static func resolve(_ config: Kubeconfig, context: String? = nil) throws -> KubeConfiguration {
    try config.resolve(context: context, baseDirectory: "/etc/k")
  }

  @Test func `resolves the current context`() throws {
    let result = try Self.resolve(
      Self.config(
        cluster:
          #"{"server":"https://k.example:6443/base/","certificate-authority":"pki/ca.crt","tls-server-name":"api"}"#,
        user: #"{"client-certificate-data":"Y2VydA==","client-key":"/abs/key"}"#))
    #expect(result.context == "c")
    #expect(result.namespace == "team")
    #expect(
      result.endpoint
        == KubeEndpoint(
          description: "https://k.example:6443/base/", isTLS: true, host: "k.example", port: 6443,
          basePath: "/base", tlsServerName: "api"))
    #expect(result.certificateAuthority == .file("/etc/k/pki/ca.crt"))
    #expect(result.credentials == .certificate(.inline(KubeSecret("cert")), key: .file("/abs/key")))
    #expect(result.warnings.isEmpty)
  }

  @Test(arguments: [
    ("https://[::1]:6443", "[::1]", 6443), ("https://k", "k", 443), ("http://k", "k", 80),
    ("HTTPS://K:1", "K", 1),
  ])
  func `takes an address apart`(server: String, host: String, port: Int) throws {
    let endpoint = try Self.resolve(Self.config(cluster: #"{"server":"\#(server)"}"#)).endpoint
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
    #expect(endpoint.isTLS == server.lowercased().hasPrefix("https"))
  }

  @Test(arguments: [
    (#"{"server":"k:6443"}"#, "no usable server address"), ("{}", "no usable server address"),
    (#"{"server":"ftp://k"}"#, "no usable server address"),
    (#"{"server":"https://me:word@k"}"#, "more than host, port and path"),
    (#"{"server":"https://k?a=b"}"#, "more than host, port and path"),
    (
      #"{"server":"https://k","certificate-authority-data":"***"}"#, "certificate-authority-data of cluster k"
    ),
  ])
  func `refuses a cluster that can't be used`(cluster: String, words: String) throws {
    let config = try Self.config(cluster: cluster)
    let error = try #require(throws: KubeError.self) { try Self.resolve(config) }
    #expect(error.code == .configuration)
    #expect(error.message.contains(words))
  }

  @Test(arguments: [
    (#"{"client-certificate":"a"}"#, "without its key"), (#"{"client-key-data":"a2V5"}"#, "without its key"),
    (#"{"username":"me","password":"hunter2"}"#, "has a password"),
    (#"{"auth-provider":{"name":"gcp"}}"#, "auth-provider gcp"),
    (#"{"token":"t","as":"root"}"#, "impersonates"),
    (#"{"exec":{"apiVersion":"client.authentication.k8s.io/v1alpha1","command":"x"}}"#, "v1alpha1"),
    (
      #"{"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"x","interactiveMode":"Always"}}"#,
      "needs a terminal"
    ),
  ])
  func `refuses a user that can't be used`(user: String, words: String) throws {
    let config = try Self.config(user: user)
    let error = try #require(throws: KubeError.self) { try Self.resolve(config) }
    #expect(error.code == .configuration)
    #expect(error.message.contains(words))
    #expect(!error.message.contains("hunter2"))
  }

  @Test func `names the contexts to choose from`() throws {
    let config = try Self.config()
    let unknown = try #require(throws: KubeError.self) { try Self.resolve(config, context: "x") }
    #expect(unknown.message.contains("b, c"))
    let dangling = try #require(throws: KubeError.self) { try Self.resolve(config, context: "b") }
    #expect(dangling.message.contains("cluster none"))
    let none = try Self.decode(#"{"clusters":null}"#)
    let empty = try #require(throws: KubeError.self) { try Self.resolve(none) }
    #expect(empty.message.contains("no current-context"))
    let stranger = try Self.config(context: #"{"cluster":"k","user":"nobody"}"#)
    let user = try #require(throws: KubeError.self) { try Self.resolve(stranger) }
    #expect(user.message.contains("user nobody"))
  }

  @Test func `chooses credentials in kubectl's order and warns of none`() throws {
    let both = #"{"token":"t","tokenFile":"f","client-certificate":"a","client-key":"b"}"#
    #expect(try Self.resolve(Self.config(user: both)).credentials == .token(.file("/etc/k/f")))
    #expect(
      try Self.resolve(Self.config(user: #"{"token":"t"}"#)).credentials == .token(.inline(KubeSecret("t"))))
    let anonymous = try Self.resolve(Self.config())
    #expect(anonymous.credentials == .anonymous)
    #expect(anonymous.warnings.contains { $0.contains("anonymous") })
  }

  @Test func `no dump shows a secret`() throws {
    let config = try Self.config(
      cluster: #"{"server":"https://k","proxy-url":"http://me:s3cret@proxy"}"#,
      user:
        #"{"token":"s3cret","client-key-data":"s3cret","password":"s3cret","exec":{"apiVersion":"v","command":"c","env":[{"name":"A","value":"s3cret"}]}}"#
    )
    let resolved = try Self.resolve(
      Self.config(
        cluster: #"{"server":"https://k","proxy-url":"http://me:s3cret@proxy"}"#, user: #"{"token":"s3cret"}"#
      ))
    var text = "\(config) \(resolved) \(String(reflecting: config)) \(String(reflecting: resolved))"
    dump(config, to: &text)
    dump(resolved, to: &text)
    #expect(!text.contains("s3cret"))
    #expect(text.contains("<secret>"))
  }
}
