/// A kubeconfig file (`v1`, `Config`) as it is written, before anything is resolved.
///
/// Decode it with any decoder: a YAML decoder for the file, a JSON decoder for its JSON form. Unknown keys
/// are left alone, because the format has grown over the years.
package struct Kubeconfig: Sendable, Decodable {
  /// A named cluster.
  package struct NamedCluster: Sendable, Decodable {
    /// The name that contexts refer to.
    package let name: String
    /// Where the cluster's API server is and how to trust it.
    package let cluster: Cluster
  }

  /// Where an API server is and how to trust it.
  package struct Cluster: Sendable, Decodable {
    let server: String?
    let tlsServerName: String?
    let insecureSkipTLSVerify: Bool?
    let certificateAuthority: String?
    let certificateAuthorityData: String?
    let proxyURL: KubeSecret?

    enum CodingKeys: String, CodingKey {
      case server
      case tlsServerName = "tls-server-name"
      case insecureSkipTLSVerify = "insecure-skip-tls-verify"
      case certificateAuthority = "certificate-authority"
      case certificateAuthorityData = "certificate-authority-data"
      case proxyURL = "proxy-url"
    }
  }

  /// A named user.
  package struct NamedUser: Sendable, Decodable {
    /// The name that contexts refer to.
    package let name: String
    /// Who to be.
    package let user: User
  }

  /// The ways to prove who one is. Texts that are secret are wrapped, so that no dump shows them.
  package struct User: Sendable, Decodable {
    let clientCertificate: String?
    let clientCertificateData: String?
    let clientKey: String?
    let clientKeyData: KubeSecret?
    let token: KubeSecret?
    let tokenFile: String?
    let exec: Exec?
    let username: String?
    let password: KubeSecret?
    let impersonate: String?
    let authProvider: AuthProvider?

    enum CodingKeys: String, CodingKey {
      case clientCertificate = "client-certificate"
      case clientCertificateData = "client-certificate-data"
      case clientKey = "client-key"
      case clientKeyData = "client-key-data"
      case token
      case tokenFile
      case exec
      case username
      case password
      case impersonate = "as"
      case authProvider = "auth-provider"
    }
  }

  /// The removed predecessor of exec plugins; known only so that it can be refused by name.
  package struct AuthProvider: Sendable, Decodable {
    let name: String?
  }

  /// A command that prints a credential.
  package struct Exec: Sendable, Decodable {
    struct Variable: Sendable, Decodable {
      let name: String
      let value: KubeSecret
    }

    let apiVersion: String?
    let command: String
    let args: [String]?
    let env: [Variable]?
    let interactiveMode: String?
    let provideClusterInfo: Bool?
    let installHint: String?
  }

  /// A named context.
  package struct NamedContext: Sendable, Decodable {
    /// The name that the user chooses by.
    package let name: String
    /// The cluster and the user that go together.
    package let context: Context
  }

  /// A cluster and a user that go together.
  package struct Context: Sendable, Decodable {
    let cluster: String
    let user: String?
    let namespace: String?
  }

  /// Every cluster of the file.
  package let clusters: [NamedCluster]
  /// Every user of the file.
  package let users: [NamedUser]
  /// Every context of the file.
  package let contexts: [NamedContext]
  /// The context that holds when none is chosen.
  package let currentContext: String?

  enum CodingKeys: String, CodingKey {
    case clusters, users, contexts
    case currentContext = "current-context"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    clusters = try container.list(.clusters)
    users = try container.list(.users)
    contexts = try container.list(.contexts)
    currentContext = try container.decodeIfPresent(String.self, forKey: .currentContext)
  }
}
