"""The APIs of API-Bank, written anew from their recorded calls and the public databases."""
