"""Classes for tests of unions: some with the same fields, one a subclass of another."""

from dataclasses import dataclass


@dataclass
class Cat:
    lives: int = 9


@dataclass
class Dog:
    name: str


@dataclass
class Wolf:
    name: str


@dataclass
class Puppy(Dog):
    weeks: int = 8
