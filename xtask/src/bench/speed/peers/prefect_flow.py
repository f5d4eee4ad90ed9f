"""Runs one job for each line that it reads, as a flow of Prefect whose task uses docker-py."""

import sys

import docker
from prefect import flow, task

image, *command = sys.argv[1:]
client = docker.from_env()


@task
def octave():
    client.containers.run(image, command, network_mode="none", remove=True)


@flow
def job():
    octave()


for _ in sys.stdin:
    job()
    print("done", flush=True)
