CREATE DATABASE conncentric
