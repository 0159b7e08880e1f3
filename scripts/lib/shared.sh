# What the scripts share; sourced by them, not run.
#
# Sourcing it turns on strict mode, goes to the root of the checkout and answers --help with the script's own header.

set -euo pipefail

script=${0##*/}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
header_file=$(cd "$(dirname "$0")" && pwd)/$script
# For paths on the command line, which mean what they mean where the script was called.
called_from=$PWD
cd "$root"

# Says in one line what is done.
say() { printf '==> %s\n' "$*"; }

# Ends the script with one sentence.
fail() {
    printf '%s: %s\n' "$script" "$*" >&2
    exit 1
}

# Prints the script's header comment.
print_help() { sed -n '2,/^$/s/^# \{0,1\}//p' "$header_file"; }

# Refuses a command line that the script doesn't know.
wrong_usage() {
    printf "%s: %s; see 'scripts/%s --help'\n" "$script" "$*" "$script" >&2
    exit 2
}

# Answers --help and -h wherever they stand.
for argument in "$@"; do
    case $argument in -h | --help)
        print_help
        exit 0
        ;;
    esac
done
unset argument

# Runs a command whose output matters only when it fails: run_quietly "WHAT FAILED" COMMAND…
run_quietly() {
    local failure=$1 log
    shift
    log=$(mktemp)
    if ! "$@" > "$log" 2>&1 < /dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "$failure"
    fi
    rm -f "$log"
}

# Runs a command as root: as it is, or through sudo.
as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Installs Debian packages, with a fresh package list only when the one that is there isn't enough.
install_packages() {
    command -v apt-get > /dev/null ||
        fail "this system has no apt-get: install what Debian calls '$*' by its own means, then try again"
    ((EUID == 0)) || command -v sudo > /dev/null ||
        fail "installing needs root, and there is no sudo: run 'apt-get install $*' as root, then try again"
    say "installing system packages with apt-get: $*"
    local install=(
        env DEBIAN_FRONTEND=noninteractive
        apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
    )
    as_root "${install[@]}" > /dev/null 2>&1 < /dev/null && return
    say "fetching the list of packages with apt-get update"
    run_quietly "apt-get update failed: see its words above" as_root apt-get update
    run_quietly "apt-get could not install '$*': see its words above" as_root "${install[@]}"
}

# Whether a C header is where compilers look.
has_header() { [[ -e /usr/include/$1 || -e /usr/local/include/$1 || -e /usr/include/$(uname -m)-linux-gnu/$1 ]]; }

# Installs the C libraries that the build needs.
need_build_packages() {
    local missing=()
    has_header simdjson.h || missing+=(libsimdjson-dev)
    has_header zlib.h || missing+=(zlib1g-dev)
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# Whether a shared library is where the system's loader looks.
has_library() { compgen -G "/usr/lib/$(uname -m)-linux-gnu/$1" > /dev/null || compgen -G "/usr/local/lib/$1" > /dev/null; }

# Installs the libraries that decode pictures, which a server looks for when the first picture comes.
need_image_packages() {
    local missing=()
    has_library libturbojpeg.so.0 || missing+=(libturbojpeg0)
    has_library libspng.so.0 || missing+=(libspng0)
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# Ends the script when there is no suitable Swift toolchain.
need_swift() {
    local advice="install it from https://www.swift.org/install/linux/ and try again"
    command -v swift > /dev/null || fail "Apus needs Swift 6.3 or newer, and there is no 'swift' on PATH: $advice"
    local version major minor
    version=$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    [[ -n $version ]] || fail "'swift --version' doesn't work: Apus needs Swift 6.3 or newer, $advice"
    IFS=. read -r major minor <<< "$version"
    ((major > 6 || (major == 6 && minor >= 3))) ||
        fail "Apus needs Swift 6.3 or newer, and the 'swift' on PATH is $version: $advice"
}

# Installs Python where there is none, or one that can't make virtual environments.
need_python() {
    command -v python3 > /dev/null || install_packages python3 python3-venv
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' ||
        fail "Apus' scripts need Python 3.9 or newer, and 'python3' is $(python3 --version 2>&1)"
    python3 -c 'import ensurepip, venv' 2> /dev/null || install_packages python3-venv
    python3 -c 'import ensurepip, venv' 2> /dev/null ||
        fail "'$(command -v python3)' can't make virtual environments: put a Python 3 with venv and ensurepip first on PATH"
}

# Makes a virtual environment with the packages of files, anew when one has changed: make_venv FOLDER FILE…
make_venv() {
    local folder=$1 file wanted requirements=()
    shift
    for file in "$@"; do requirements+=(--requirement "$file"); done
    wanted=$(cat -- "$@" | sha256sum)
    if [[ $(cat "$folder/.requirements" 2> /dev/null) == "$wanted" ]] && "$folder/bin/python" -c '' 2> /dev/null; then
        return
    fi
    need_python
    say "installing Python packages of $* into $folder"
    rm -rf "$folder"
    run_quietly "python3 could not make a virtual environment in $folder: see its words above" \
        python3 -m venv "$folder"
    run_quietly "pip could not install $*: see its words above" \
        "$folder/bin/python" -m pip install --disable-pip-version-check "${requirements[@]}"
    printf '%s\n' "$wanted" > "$folder/.requirements"
}

# Everything that a build and a run of Apus need.
need_everything_for_apus() {
    need_swift
    need_build_packages
    "$root/scripts/install-engine" onnxruntime
}

# Flags for every build; CI also refuses an import that the manifest doesn't declare.
build_flags=()
[[ -z ${CI:-} ]] || build_flags+=(--explicit-target-dependency-import-check error)
# No more tests at a time than processors get on with: a test's time limit counts from its start, and one that has been
# started with a thousand others spends it waiting.
test_flags=(--experimental-maximum-parallelization-width $((2 * $(nproc))))

# Flags for the server as users run it; one place, so that no script compiles it anew for another.
release_flags=(-c release --static-swift-stdlib)

# Builds: on a terminal with SwiftPM's progress, elsewhere with what goes wrong only.
#
# SwiftPM compiles anew when it no longer writes to a terminal (for its colours), so its output always goes where errors
# go: `scripts/bench > figures.md` then takes the build that is there.
build() {
    local quiet=()
    if [[ ! -t 2 ]]; then
        quiet=(--quiet)
        run_quietly "SwiftPM could not fetch the packages: see its words above" swift package resolve
    fi
    swift build "${quiet[@]}" "${build_flags[@]}" "$@" >&2 || fail "the build failed: see the compiler's words above"
}
