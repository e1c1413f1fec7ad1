/// `/etc/os-release` of the systems that Pawl is tried on, without their addresses.
enum ReleaseFiles {
  /// The file and the name that is read from it.
  static let all: [(text: String, name: String)] = [
    (debian10, "Debian GNU/Linux 10 (buster)"), (debian11, "Debian GNU/Linux 11 (bullseye)"),
    (debian12, "Debian GNU/Linux 12 (bookworm)"), (debian13, "Debian GNU/Linux 13 (trixie)"),
    (ubuntu1804, "Ubuntu 18.04.6 LTS"), (ubuntu2004, "Ubuntu 20.04.6 LTS"),
    (ubuntu2204, "Ubuntu 22.04.5 LTS"),
    (ubuntu2404, "Ubuntu 24.04.2 LTS"),
  ]

  static let debian10 = """
    PRETTY_NAME="Debian GNU/Linux 10 (buster)"
    NAME="Debian GNU/Linux"
    VERSION_ID="10"
    VERSION="10 (buster)"
    VERSION_CODENAME=buster
    ID=debian

    """
  static let debian11 = """
    PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"
    NAME="Debian GNU/Linux"
    VERSION_ID="11"
    VERSION="11 (bullseye)"
    VERSION_CODENAME=bullseye
    ID=debian

    """
  static let debian12 = """
    PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
    NAME="Debian GNU/Linux"
    VERSION_ID="12"
    VERSION="12 (bookworm)"
    VERSION_CODENAME=bookworm
    ID=debian

    """
  static let debian13 = """
    PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
    NAME="Debian GNU/Linux"
    VERSION_ID="13"
    VERSION="13 (trixie)"
    VERSION_CODENAME=trixie
    DEBIAN_VERSION_FULL=13.2
    ID=debian

    """
  static let ubuntu1804 = """
    NAME="Ubuntu"
    VERSION="18.04.6 LTS (Bionic Beaver)"
    ID=ubuntu
    ID_LIKE=debian
    PRETTY_NAME="Ubuntu 18.04.6 LTS"
    VERSION_ID="18.04"
    VERSION_CODENAME=bionic
    UBUNTU_CODENAME=bionic

    """
  static let ubuntu2004 = """
    NAME="Ubuntu"
    VERSION="20.04.6 LTS (Focal Fossa)"
    ID=ubuntu
    ID_LIKE=debian
    PRETTY_NAME="Ubuntu 20.04.6 LTS"
    VERSION_ID="20.04"
    VERSION_CODENAME=focal
    UBUNTU_CODENAME=focal

    """
  static let ubuntu2204 = """
    PRETTY_NAME="Ubuntu 22.04.5 LTS"
    NAME="Ubuntu"
    VERSION_ID="22.04"
    VERSION="22.04.5 LTS (Jammy Jellyfish)"
    VERSION_CODENAME=jammy
    ID=ubuntu
    ID_LIKE=debian
    UBUNTU_CODENAME=jammy

    """
  static let ubuntu2404 = """
    PRETTY_NAME="Ubuntu 24.04.2 LTS"
    NAME="Ubuntu"
    VERSION_ID="24.04"
    VERSION="24.04.2 LTS (Noble Numbat)"
    VERSION_CODENAME=noble
    ID=ubuntu
    ID_LIKE=debian
    UBUNTU_CODENAME=noble
    LOGO=ubuntu-logo

    """
}
