module mailintegration/scripts/msistamp

go 1.26.0
