#!/bin/sh
# Puts docs/openapi.yaml into the program, which serves it; a test holds the two equal.
set -eu
cd "$(dirname "$0")/.."
{
    echo '/// `docs/openapi.yaml`, put here by docs/embed-openapi.sh.'
    echo 'enum OpenAPIDocument {'
    echo '    // swift-format-ignore'
    echo '    static let text = ##"""'
    cat docs/openapi.yaml
    echo
    echo '"""##'
    echo '}'
} >Sources/Management/Documents/OpenAPIDocument.swift
