import Foundation
import Logging
import PawlKube
import PawlModel
import PawlSteps

/// What commands act on: hosts and API server, real or simulated.
struct World: Sendable {
  let hosts: any HostSessions
  let cluster: any ClusterClient
  /// Web addresses, which gates ask.
  let http: any HTTPProbe
  /// Where the cluster's lock is.
  let leases: any ClusterLeases
  /// Measures the steps' waits; the simulated world has one of its own.
  var clock: any Clock<Duration> = ContinuousClock()
  /// The time on the wall, for maintenance windows.
  var now: @Sendable () -> Date = { Date() }
  /// Takes the secrets that the world is reached with out of whatever is kept or shown.
  var redactor = Redactor()
  /// Closes links; to be called once at the end.
  let close: @Sendable () async -> Void

  /// The hosts and the API server of an inventory, logged as far as it is asked for.
  ///
  /// - Throws: `CommandFailure` for a kubeconfig that can't be used.
  static func real(_ inventory: Inventory, log: LogOptions) throws -> World {
    let (cluster, warnings, secrets) = try KubeCluster.open(inventory.kubernetes)
    for warning in warnings { Console.error("warning: \(warning)") }
    let hosts = SSHHosts(inventory)
    let level = log.level
    return World(
      hosts: hosts, cluster: cluster, http: try CurlProbe(), leases: cluster,
      redactor: Redactor(secrets: secrets),
      close: {
        await hosts.close()
        var logger = Logger(label: "pawl.cluster", factory: StandardErrorLog.init)
        logger.logLevel = level
        logger.debug("closed", metadata: ["requests": "\(cluster.client.statistics.requests)"])
      }
    ).logged(at: level)
  }
}
