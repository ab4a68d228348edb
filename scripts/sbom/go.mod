module mailintegration/scripts/sbom

go 1.26.0
