# Pipeguard as an image, and as the place from which any image with a Python from 3.10 on gets it:
#   COPY --from=pipeguard/guard /usr/local/lib/guard.pyz /usr/local/lib/
#   COPY --from=pipeguard/guard /usr/local/bin/guard /usr/local/bin/
# Built from a checkout: docker build -t pipeguard/guard .
ARG PYTHON=3.13-slim

FROM python:${PYTHON} AS build
WORKDIR /src
COPY LICENSE ./
COPY guard/ guard/
COPY models/classifier.onnx models/labels.json models/MODEL_CARD.md models/
RUN python -m guard.delivery.build /out/guard.pyz \
    && chmod 0644 /out/guard.pyz

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="pipeguard" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/guard.pyz /usr/local/lib/guard.pyz
COPY --chmod=0755 guard/delivery/guard.sh /usr/local/bin/guard
RUN ["guard", "--version"]
USER nobody
ENTRYPOINT ["guard"]
CMD ["--help"]
